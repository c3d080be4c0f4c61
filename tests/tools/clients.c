// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * clients [OPTION...] IPV4:PORT|[IPV6]:PORT|unix:PATH
 *
 * Many clients of an echo server, in one process. Each sends messages of random sizes, reads what
 * comes back and compares every byte with what it has to be at this place of this connection; half
 * closes when it has sent the last, and wants an end of file after the last byte, not before.
 *
 *	-c N        connections, all of which are there before the first byte is sent (1)
 *	-r N        messages, over all connections (one each)
 *	-s MIN-MAX  their sizes (1-1000)
 *	-p N        how many of a connection's are under way at once (1)
 *	-x N        so many connections are reset when the first byte came back
 *	-z MS       read little, and then rest, each time
 *	-k          do not half-close: say "ready" when all came back, wait for the server to close
 *	-b          never read: say "ready" when no more can be sent, wait for a signal
 *	-S N        seed of all that is random (1)
 *	-t SECONDS  be done by then (60)
 *
 * Prints a JSON document. Exit code 1: a byte was wrong, missing or too many; it says where.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536
#define SLOW_CHUNK 4096

static struct {
	unsigned int connections, depth, resets, rest_ms, seconds;
	uint64_t messages, min, max, seed;
	bool keep, block;
} want = {.connections = 1, .depth = 1, .seconds = 60, .min = 1, .max = 1000, .seed = 1};

struct client {
	int fd;
	uint32_t nr;
	bool writing;              /* it is waited for until more can be sent */
	bool shut;                 /* half closed */
	uint64_t messages;         /* to send */
	uint64_t begun, done;      /* messages */
	uint64_t sent, send_end;   /* bytes: sent; to send, of the messages that were begun */
	uint64_t got, message_end; /* bytes: received; where the message that comes back ends */
	uint64_t send_random, got_random;
};

static struct {
	struct client *list;
	int epoll;
	unsigned int open, resets, ready;
	uint64_t begin_ns, messages, bytes;
} all;

static __attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "clients: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, " (seed %llu)\n", (unsigned long long)want.seed);
	va_end(args);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- What is sent ---- */

/* xorshift64* */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d >> 16;
}

static uint64_t next_size(uint64_t *state)
{
	return want.min + next_random(state) % (want.max - want.min + 1);
}

/* Connections and places differ, also those that are a power of two apart. */
static uint8_t byte_at(uint32_t nr, uint64_t at)
{
	uint64_t word = at + at / 251 + at / 64007 + (uint64_t)nr * 83 + nr / 256 + want.seed;

	return (uint8_t)word;
}

static void fill(uint8_t *buffer, const struct client *client, uint64_t at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buffer[i] = byte_at(client->nr, at + i);
}

static void compare(const uint8_t *buffer, const struct client *client, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (buffer[i] != byte_at(client->nr, client->got + i))
			die("connection %u: byte %llu is %u, not %u", client->nr,
			    (unsigned long long)(client->got + i), buffer[i],
			    byte_at(client->nr, client->got + i));
}

/* ---- Connections ---- */

static int connect_to(const char *address)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	const struct sockaddr *addr = (const struct sockaddr *)&v4;
	const char *colon = strrchr(address, ':');
	socklen_t length = sizeof(v4);
	char host[64] = "";
	int fd;

	if (!colon)
		die("'%s' is no address", address);
	snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	v4.sin_port = v6.sin6_port = htons((uint16_t)atoi(colon + 1));
	if (strncmp(address, "unix:", 5) == 0) {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", address + 5);
		addr = (const struct sockaddr *)&un;
		length = sizeof(un);
	} else if (host[0] == '[') {
		host[strlen(host) - 1] = '\0';
		addr = (const struct sockaddr *)&v6;
		length = sizeof(v6);
		if (inet_pton(AF_INET6, host + 1, &v6.sin6_addr) != 1)
			die("'%s' is no address", address);
	} else if (inet_pton(AF_INET, host, &v4.sin_addr) != 1) {
		die("'%s' is no address", address);
	}
	fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("cannot make a socket: %m");
	if (want.rest_ms)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){SLOW_CHUNK}, sizeof(int));
	if (connect(fd, addr, length))
		die("cannot connect to %s: %m", address);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void watch(struct client *client, int op, bool writing)
{
	struct epoll_event event = {
		.events = (want.block ? 0 : EPOLLIN) | (writing ? EPOLLOUT : 0),
		.data.ptr = client,
	};

	client->writing = writing;
	if (epoll_ctl(all.epoll, op, client->fd, &event))
		die("epoll_ctl: %m");
}

static void end(struct client *client)
{
	close(client->fd);
	client->fd = -1;
	all.open--;
}

static void say_ready(void)
{
	if (++all.ready != want.connections)
		return;
	puts("ready");
	fflush(stdout);
}

static void reset(struct client *client)
{
	const struct linger now = {.l_onoff = 1};

	setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	all.resets++;
	end(client);
}

/* All that can be sent, and no more messages than may be under way. */
static void send_some(struct client *client)
{
	uint8_t buffer[CHUNK];
	bool full = false;

	while (!full) {
		uint64_t left = client->send_end - client->sent;
		ssize_t sent;

		if (!left && client->begun < client->messages &&
		    client->begun - client->done < want.depth) {
			client->begun++;
			client->send_end += next_size(&client->send_random);
			continue;
		}
		if (!left)
			break;
		if (left > sizeof(buffer))
			left = sizeof(buffer);
		fill(buffer, client, client->sent, left);
		sent = send(client->fd, buffer, left, MSG_NOSIGNAL);
		full = sent < 0 && errno == EAGAIN;
		if (sent < 0 && !full)
			die("connection %u: cannot send: %m", client->nr);
		if (!full)
			client->sent += (uint64_t)sent;
	}
	if (full != client->writing)
		watch(client, EPOLL_CTL_MOD, full);
	if (!full && client->begun == client->messages && !want.keep && !client->shut &&
	    client->nr >= want.resets) {
		client->shut = true;
		shutdown(client->fd, SHUT_WR);
	}
}

static void at_end(struct client *client)
{
	if (client->done < client->messages || client->got != client->send_end)
		die("connection %u: ended at byte %llu of %llu, message %llu of %llu", client->nr,
		    (unsigned long long)client->got, (unsigned long long)client->send_end,
		    (unsigned long long)client->done, (unsigned long long)client->messages);
	end(client);
}

static void receive(struct client *client)
{
	uint8_t buffer[CHUNK];
	ssize_t got = recv(client->fd, buffer, want.rest_ms ? SLOW_CHUNK : sizeof(buffer), 0);

	if (got < 0 && errno == EAGAIN)
		return;
	/* One that has nothing to say may not have been accepted when the server ended. */
	if (got < 0 && errno == ECONNRESET && !client->messages) {
		end(client);
		return;
	}
	if (got < 0)
		die("connection %u: cannot receive at byte %llu: %m", client->nr,
		    (unsigned long long)client->got);
	if (got == 0) {
		at_end(client);
		return;
	}
	compare(buffer, client, (size_t)got);
	client->got += (uint64_t)got;
	all.bytes += (uint64_t)got;
	if (client->got > client->sent)
		die("connection %u: %llu bytes came back of %llu", client->nr,
		    (unsigned long long)client->got, (unsigned long long)client->sent);
	if (client->nr < want.resets) {
		reset(client);
		return;
	}
	while (client->done < client->begun && client->got >= client->message_end) {
		client->done++;
		all.messages++;
		client->message_end += next_size(&client->got_random);
	}
	if (want.keep && client->done == client->messages)
		say_ready();
	if (want.rest_ms)
		nanosleep(&(struct timespec){.tv_nsec = want.rest_ms * 1000000L}, NULL);
	send_some(client);
}

static void start(const char *address)
{
	all.list = calloc(want.connections, sizeof(*all.list));
	all.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!all.list || all.epoll < 0)
		die("no memory");
	for (uint32_t i = 0; i < want.connections; i++) {
		struct client *client = &all.list[i];

		client->fd = connect_to(address);
		client->nr = i;
		client->messages = want.messages / want.connections +
				   (i < want.messages % want.connections);
		client->send_random = client->got_random = want.seed * 0x9e3779b97f4a7c15 + i + 1;
		client->message_end = next_size(&client->got_random);
		watch(client, EPOLL_CTL_ADD, false);
		all.open++;
	}
}

static void run(void)
{
	struct epoll_event events[64];

	for (uint32_t i = 0; i < want.connections; i++)
		send_some(&all.list[i]);
	while (all.open) {
		uint64_t gone_ms = (now_ns() - all.begin_ns) / 1000000;
		int timeout = gone_ms < want.seconds * 1000ULL
				      ? (int)(want.seconds * 1000ULL - gone_ms)
				      : 0;
		int nr = epoll_wait(all.epoll, events, 64, want.block ? 2000 : timeout);

		/* Nobody took anything in two seconds, which is long on a slow kernel, too. */
		if (nr == 0 && want.block) {
			puts("ready");
			fflush(stdout);
			pause();
		}
		if (nr == 0)
			die("%u connections are open still after %u s; %llu messages came back",
			    all.open, want.seconds, (unsigned long long)all.messages);
		for (int i = 0; i < nr; i++) {
			struct client *client = events[i].data.ptr;

			if (events[i].events & EPOLLOUT)
				send_some(client);
			if (events[i].events & ~EPOLLOUT)
				receive(client);
		}
	}
}

static void parse(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "c:r:s:p:x:z:kbS:t:")) != -1) {
		char *rest = NULL;
		uint64_t value = optarg ? strtoull(optarg, &rest, 10) : 0;

		switch (option) {
		case 'c':
			want.connections = (unsigned int)value;
			break;
		case 'r':
			want.messages = value;
			break;
		case 's':
			want.min = want.max = value;
			if (*rest == '-')
				want.max = strtoull(rest + 1, &rest, 10);
			break;
		case 'p':
			want.depth = (unsigned int)value;
			break;
		case 'x':
			want.resets = (unsigned int)value;
			break;
		case 'z':
			want.rest_ms = (unsigned int)value;
			break;
		case 'k':
			want.keep = true;
			break;
		case 'b':
			want.block = true;
			break;
		case 'S':
			want.seed = value;
			break;
		case 't':
			want.seconds = (unsigned int)value;
			break;
		default:
			exit(2);
		}
		if (rest && *rest)
			die("'%s' is no number", optarg);
	}
	if (optind + 1 != argc || !want.connections || !want.min || want.max < want.min)
		die("see its source for how it is called");
	if (!want.messages)
		want.messages = want.connections;
}

int main(int argc, char **argv)
{
	struct rlimit files;

	parse(argc, argv);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < want.connections + 16) {
		files.rlim_cur = want.connections + 16;
		if (setrlimit(RLIMIT_NOFILE, &files))
			die("%u connections: %m", want.connections);
	}
	start(argv[optind]);
	all.begin_ns = now_ns();
	run();
	printf("{\"connections\":%u,\"messages\":%llu,\"bytes\":%llu,\"resets\":%u,\"seed\":%llu,"
	       "\"ms\":%llu}\n",
	       want.connections, (unsigned long long)all.messages, (unsigned long long)all.bytes,
	       all.resets, (unsigned long long)want.seed,
	       (unsigned long long)(now_ns() - all.begin_ns) / 1000000);
	return 0;
}
