// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/echo.h"
#include "bench/latency.h"

static void buckets(void **state)
{
	uint32_t last = 0;

	(void)state;
	assert_int_equal(iou_bench_latency_bucket(0), 0);
	assert_int_equal(iou_bench_latency_bucket(31), 31);
	assert_int_equal(iou_bench_latency_bucket(63), 63);
	assert_int_equal(iou_bench_latency_bucket(64), 64);
	assert_int_equal(iou_bench_latency_bucket(65), 64);
	assert_int_equal(iou_bench_latency_bucket(66), 65);
	assert_int_equal(iou_bench_latency_bucket(UINT64_MAX), IOU_BENCH_LATENCY_BUCKETS - 1);
	for (uint64_t ns = 1; ns < UINT64_C(1) << 40; ns += 1 + ns / 97) {
		uint32_t bucket = iou_bench_latency_bucket(ns);

		assert_true(bucket >= last && bucket <= last + 1);
		last = bucket;
	}
	assert_int_equal(last, IOU_BENCH_LATENCY_BUCKETS - 1);
}

static void quantiles(void **state)
{
	struct iou_bench_latency one = {}, other = {};

	(void)state;
	assert_true(iou_bench_latency_quantile(&one, 0.5) == 0);
	for (uint64_t ns = 1; ns <= 100000; ns += 2)
		iou_bench_latency_add(&one, ns);
	for (uint64_t ns = 2; ns <= 100000; ns += 2)
		iou_bench_latency_add(&other, ns);
	iou_bench_latency_merge(&one, &other);
	assert_int_equal(one.nr, 100000);
	for (double share = 0.001; share < 1; share += 0.001) {
		double got = iou_bench_latency_quantile(&one, share) / (share * 100000);

		assert_true(got > 1 - 1.0 / 60 && got < 1 + 1.0 / 60);
	}
	other = (struct iou_bench_latency){};
	iou_bench_latency_add(&other, 1000000);
	assert_true(iou_bench_latency_quantile(&other, 0.001) ==
		    iou_bench_latency_quantile(&other, 0.999));
	assert_true(iou_bench_latency_quantile(&other, 0.5) > 984000 &&
		    iou_bench_latency_quantile(&other, 0.5) < 1016000);
}

/* @count round trips by what needs no io_uring, where each takes at least two calls. */
static void serve(const char *name, uint64_t count, uint64_t connections, uint64_t size)
{
	const struct iou_bench_job *job = iou_bench_job_find("echo");
	const struct iou_bench_variant *variant = NULL;
	const struct iou_bench_work work = {
		.values = {{.number = count}, {.number = connections}, {.number = size}},
	};
	struct iou_bench_latency latency = {};
	struct iou_bench_done done = {.latency = &latency};
	struct iou_err err = {};
	void *state;

	assert_non_null(job);
	for (size_t i = 0; i < job->variants_nr; i++)
		if (strcmp(job->variants[i].name, name) == 0)
			variant = &job->variants[i];
	assert_non_null(variant);
	assert_int_equal(variant->open(&state, variant, &work, &err), 0);
	assert_int_equal(variant->run(state, &done, &err), 0);
	variant->close(state);
	assert_int_equal(done.requests, count);
	assert_int_equal(latency.nr, count);
	assert_in_range(done.enters, 2 * count, 4 * count + 8 * connections);
	assert_true(iou_bench_latency_quantile(&latency, 0.5) > 1000);
}

static void servers(void **state)
{
	(void)state;
	serve("epoll", 200, 1, 64);
	serve("epoll", 203, 20, 16384);
	serve("epoll", 3, 5, 1);
	serve("threads", 200, 1, 64);
	serve("threads", 203, 20, 16384);
	serve("threads", 3, 5, 1);
}

static int listen_at(uint16_t *port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, length), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &length), 0);
	*port = ntohs(addr.sin_port);
	return fd;
}

/* A server that sends back something else is found out. */
static void clients(void **state)
{
	const struct iou_echo_config config = {.count = 1, .connections = 1, .size = 8};
	struct iou_echo_client client = IOU_ECHO_CLIENT_INIT;
	struct iou_bench_latency latency = {};
	struct iou_bench_done done = {.latency = &latency};
	struct iou_err err = {};

	(void)state;
	for (int right = 0; right < 2; right++) {
		uint64_t message = 0;
		uint16_t port;
		int listener = listen_at(&port), conn;

		assert_int_equal(iou_echo_client_start(&client, &config, &err), 0);
		assert_int_equal(iou_echo_client_connect(&client, port, &err), 0);
		assert_int_equal(iou_echo_client_go(&client, &err), 0);
		conn = accept(listener, NULL, NULL);
		assert_int_equal(recv(conn, &message, sizeof(message), MSG_WAITALL), 8);
		message ^= right ? 0 : UINT64_C(1) << 40;
		assert_int_equal(send(conn, &message, sizeof(message), 0), 8);
		if (right) {
			assert_int_equal(iou_echo_client_finish(&client, &done, &err), 0);
			assert_int_equal(done.requests, 1);
			/* It closes its connection. */
			assert_int_equal(recv(conn, &message, sizeof(message), 0), 0);
		} else {
			assert_int_not_equal(iou_echo_client_finish(&client, &done, &err), 0);
			assert_non_null(strstr(err.message, "not what was sent"));
		}
		iou_echo_client_stop(&client);
		close(conn);
		close(listener);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets),
		cmocka_unit_test(quantiles),
		cmocka_unit_test(servers),
		cmocka_unit_test(clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
