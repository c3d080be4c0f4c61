#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# OpenMetrics: what two parsers of prometheus_client and promtool read as it was meant.

load ../helper

@test "metrics: types, units, labels, histograms, and names that are taken" {
	cat >"$BATS_TEST_TMPDIR/want" <<-'EOF'
		# TYPE t_calls counter
		# UNIT t_calls calls
		# HELP t_calls of 'it'\\\nand\\x09more
		t_calls_total{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1"} 18446744073709551615
		t_calls_total{loop="other",id="2"} 6
		# TYPE t_latency_seconds histogram
		# UNIT t_latency_seconds seconds
		# HELP t_latency_seconds of reads
		t_latency_seconds_bucket{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1",le="0.000000127"} 0
		t_latency_seconds_bucket{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1",le="0.000001023"} 2
		t_latency_seconds_bucket{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1",le="0.002097151"} 5
		t_latency_seconds_bucket{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1",le="1099.511627775"} 7
		t_latency_seconds_bucket{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1",le="+Inf"} 8
		t_latency_seconds_sum{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1"} 18446744073.709551615
		t_latency_seconds_count{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1"} 8
		t_latency_seconds_bucket{loop="other",id="2",le="0.000000127"} 0
		t_latency_seconds_bucket{loop="other",id="2",le="0.000001023"} 2
		t_latency_seconds_bucket{loop="other",id="2",le="0.002097151"} 5
		t_latency_seconds_bucket{loop="other",id="2",le="1099.511627775"} 8
		t_latency_seconds_bucket{loop="other",id="2",le="+Inf"} 9
		t_latency_seconds_sum{loop="other",id="2"} 18446744073.709551615
		t_latency_seconds_count{loop="other",id="2"} 9
		# TYPE t_one_latency_seconds_count counter
		t_one_latency_seconds_count_total{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1"} 3
		# TYPE t_copied_bytes counter
		# UNIT t_copied_bytes bytes
		t_copied_bytes_total{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1"} 4096
		t_copied_bytes_total 0
		# TYPE t_in counter
		# HELP t_in all
		t_in_total{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1"} 5
		# TYPE t_buffer_bytes gauge
		# UNIT t_buffer_bytes bytes
		# HELP t_buffer_bytes size
		t_buffer_bytes{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1"} 512
		# TYPE t_9___b gauge
		# HELP t_9___b odd
		t_9___b{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1"} 1
		# TYPE t_state_info gauge
		# HELP t_state_info in words
		t_state_info{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1",value="it is \"so\"\\\nor not"} 1
		t_state_info{loop="other",id="2",value=""} 1
		# TYPE t_one_state_info gauge
		# HELP t_one_state_info no words
		t_one_state_info{loop="a \"b\" \\ c\nd\\x1b[1m\\xff€{},=",id="1"} 9
		# TYPE t_two_calls gauge
		# HELP t_two_calls other
		t_two_calls{loop="other",id="2"} 7
		# TYPE t_latency histogram
		# HELP t_latency of reads
		t_latency_bucket{loop="other",id="2",le="127.0"} 0
		t_latency_bucket{loop="other",id="2",le="1023.0"} 2
		t_latency_bucket{loop="other",id="2",le="2097151.0"} 5
		t_latency_bucket{loop="other",id="2",le="1099511627775.0"} 9
		t_latency_bucket{loop="other",id="2",le="+Inf"} 10
		t_latency_sum{loop="other",id="2"} 18446744073709551615
		t_latency_count{loop="other",id="2"} 10
		# EOF
	EOF
	expect 0 "$TOOLS/metrics"
	diff "$BATS_TEST_TMPDIR/want" - <<<"$output"
}

@test "metrics: what cannot be written is said" {
	expect 1 bash -c '"$1" >/dev/full' - "$TOOLS/metrics"
	expect 1 bash -c '"$1" stats --all --format openmetrics >/dev/full' - "$IOUCTL"
	has "cannot write standard output" "$stderr"
}
