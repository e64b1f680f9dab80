# In the guest, with the host's files as root: mounts what a running system has, loads modules, runs the command, and
# writes its exit code to where the host reads it.
. /lane/variables
busybox=/run/busybox
: >/lane/began
try_mount() { $busybox mkdir -p "$2" && $busybox mount -t "$1" "$1" "$2" 2>/dev/null; }
$busybox mkdir -p /run/netns /tmp
try_mount devpts /dev/pts
try_mount tmpfs /dev/shm
try_mount cgroup2 /sys/fs/cgroup
try_mount bpf /sys/fs/bpf
try_mount debugfs /sys/kernel/debug
try_mount tracefs /sys/kernel/tracing
$busybox ln -sf /proc/self/fd /dev/fd
$busybox ip link set lo up
$busybox hostname lane
ulimit -l unlimited
[ -x /sbin/modprobe ] || $busybox ln -s "$LANE_MODPROBE" /sbin/modprobe
echo /sbin/modprobe >/proc/sys/kernel/modprobe
for port in /sys/class/virtio-ports/*; do
    [ "$($busybox cat "$port/name")" = lane.out ] && out=/dev/${port##*/}
done
for module in $LANE_MODULES; do /sbin/modprobe "$module" >"$out" 2>&1; done
(cd "$LANE_FOLDER" && exec /bin/sh /lane/command) >"$out" 2>&1 </dev/null
code=$?
$busybox sync
echo "$code" >/lane/code.new
$busybox mv /lane/code.new /lane/code
$busybox poweroff -f
