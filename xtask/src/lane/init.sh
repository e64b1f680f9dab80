#!/bin/busybox sh
# Process 1 of the guest. Mounts the host's root read-only under a tmpfs overlay, the checkout writable, the modules
# of this kernel, and hands over to /lane/guest in the new root.
/bin/busybox mkdir -p /proc /sys /dev /host /overlay /new
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module" || echo "lane: cannot load $module"; done </modules/order

share() { # TAG TARGET OPTIONS
    mkdir -p "$2" && mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2" && return
    echo "lane: cannot mount $1"
    poweroff -f
}

share root /host ro,cache=loose
mount -t tmpfs -o size=75% tmpfs /overlay
mkdir /overlay/upper /overlay/work
layers=lowerdir=/host,upperdir=/overlay/upper,workdir=/overlay/work
mount -t overlay -o "$layers,xino=off,index=off,metacopy=off,redirect_dir=off" overlay /new || poweroff -f
for folder in proc sys dev; do mount --move "/$folder" "/new/$folder"; done
mkdir -p /new/lane /new/run /new/tmp /new/usr/lib/modules
mount -t tmpfs tmpfs /new/run
mount -t tmpfs tmpfs /new/usr/lib/modules
share lane /new/lane rw,cache=none
. /new/lane/variables
share modules "/new/usr/lib/modules/$(uname -r)" ro,cache=loose
share tree "/new$LANE_TREE" rw,cache=mmap
cp /bin/busybox /new/run/busybox
exec chroot /new /run/busybox sh /lane/guest
