// The peer of `flumen/nfqueue-df-clear`: the usual program behind NFQUEUE, one thread, one packet at a time. It clears DF
// of long UDP packets to one port, writes the checksum of the IPv4 header anew, and gives every packet back.
//
//   cc -O2 -o peer peer.c -lnetfilter_queue
//   peer QUEUE PORT OVER
//
// Its queue is as long, and its socket as large, as those of the backend it is compared with. It says "ready", and ends
// with its standard input.

#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UDP = 17, DONT_FRAGMENT = 0x4000, OFFSET = 0x1fff, WAITING = 1 << 17, SOCKET = 32 << 20 };

static uint16_t port, over;

static uint16_t word(const unsigned char *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static void put(unsigned char *at, uint16_t value) {
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

static uint16_t checksum(const unsigned char *header, int length) {
    uint32_t sum = 0;
    for (int i = 0; i < length; i += 2)
        sum += word(header + i);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void clear_df(unsigned char *packet, int length) {
    if (length < 20 || packet[0] >> 4 != 4 || packet[9] != UDP)
        return;
    int header = (packet[0] & 0xf) * 4;
    uint16_t fragment = word(packet + 6);
    if (header < 20 || length < header + 8 || (fragment & OFFSET) || !(fragment & DONT_FRAGMENT))
        return;
    if (word(packet + 2) <= over || word(packet + header + 2) != port)
        return;
    put(packet + 6, fragment & (uint16_t)~DONT_FRAGMENT);
    put(packet + 10, 0);
    put(packet + 10, checksum(packet, header));
}

static int take(struct nfq_q_handle *queue, struct nfgenmsg *message, struct nfq_data *data, void *unused) {
    (void)message;
    (void)unused;
    struct nfqnl_msg_packet_hdr *head = nfq_get_msg_packet_hdr(data);
    unsigned char *packet = NULL;
    int length = nfq_get_payload(data, &packet);
    if (!head)
        return 0;
    if (length < 0)
        return nfq_set_verdict(queue, ntohl(head->packet_id), NF_ACCEPT, 0, NULL);
    clear_df(packet, length);
    return nfq_set_verdict(queue, ntohl(head->packet_id), NF_ACCEPT, (uint32_t)length, packet);
}

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

int main(int count, char **words) {
    if (count != 4) {
        fputs("usage: peer QUEUE PORT OVER\n", stderr);
        return 2;
    }
    port = (uint16_t)atoi(words[2]);
    over = (uint16_t)atoi(words[3]);
    struct nfq_handle *handle = nfq_open();
    if (!handle)
        fail("cannot open a netlink socket");
    struct nfq_q_handle *queue = nfq_create_queue(handle, (uint16_t)atoi(words[1]), take, NULL);
    if (!queue)
        fail("cannot take the queue");
    if (nfq_set_mode(queue, NFQNL_COPY_PACKET, 0xffff) < 0 || nfq_set_queue_maxlen(queue, WAITING) < 0)
        fail("cannot set up the queue");
    nfnl_rcvbufsiz(nfq_nfnlh(handle), SOCKET);
    int fd = nfq_fd(handle);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){SOCKET}, sizeof(int)) < 0)
        fail("cannot make room");
    puts("ready");
    fflush(stdout);
    static char buffer[70000];
    for (;;) {
        ssize_t length = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (length > 0) {
            nfq_handle_packet(handle, buffer, (int)length);
            continue;
        }
        if (length < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
            fail("cannot read packets");
        struct pollfd ready[2] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
        if (poll(ready, 2, -1) > 0 && ready[1].revents)
            return 0;
    }
}
