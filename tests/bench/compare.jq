# What was measured on one kernel against the baseline: TAP. Input: {kernel, compiler, startup, bare, jobs}, the
# latter as in baseline.json; $base: that; $limit: how much dearer a loop may be; $startup_max: how many
# instructions it may take to start one; $besides: how much more than the bare one nop-chain may take.

def series: split(".")[0:2] | join(".");
def round1: . * 10 | round / 10;
def percent: . * 1000 - 1000 | round / 10;
def median: sort | if length == 0 then null else (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2 end;

# The loop's share of what each of the others takes, beside what it was then.
def beside($now; $old):
	[$now | keys[] | select(. != "loop" and $old[.] != null) |
		($now.loop / $now[.]) / ($old.loop / $old[.])] | median;

. as $now | $base[0] as $base |
($base.kernels | keys) as $known |
(if $base.kernels[.kernel] then .kernel
 else ([$known[] | select(series == ($now.kernel | series))] + [$known[-1]])[0] end) as $kernel |
(if $now.compiler == $base.compiler then "" else "; by \($now.compiler), the baseline by \($base.compiler)" end) as $by |
($now | has("startup")) as $started |
"1..\(($now.jobs | length) + if $started then 2 else 0 end)",
(select($started) |
	"\(if ($now.startup // infinite) > $startup_max then "not ok" else "ok" end) - \($now.kernel): " +
	"'run nop-chain --count 1' takes \($now.startup) instructions, of \($startup_max) at most",
	($now.jobs["nop count=100000"].loop / ($now.bare // 1)) as $ratio |
	"\(if $ratio > $besides then "not ok" else "ok" end) - \($now.kernel): " +
	"statistics, stop reasons and the trace cost nop-chain \($ratio | percent)%, " +
	"of \($besides | percent)% at most: \($now.jobs["nop count=100000"].loop | round1) instructions, " +
	"without them \($now.bare // 1 | round1)"),
($now.jobs | to_entries[] | .key as $job | .value as $values |
	$base.kernels[$kernel][$job] as $old |
	if $old == null then
		"not ok - \($now.kernel): \($job): no baseline; 'make bench-baseline' makes one"
	elif $kernel == $now.kernel then
		($values.loop / $old.loop) as $ratio |
		"\(if $ratio > $limit then "not ok" else "ok" end) - \($now.kernel): \($job): " +
		"\($values.loop | round1) instructions a request, baseline \($old.loop | round1) " +
		"(\($ratio | percent)%)\($by)"
	else
		beside($values; $old) as $ratio |
		"\(if $ratio > $limit then "not ok" else "ok" end) - \($now.kernel): \($job): " +
		"\($values.loop | round1) instructions a request; the baseline is of \($kernel), " +
		"\($old.loop | round1), so that what counts is how it compares with the others of the " +
		"same run: \($ratio | percent)%\($by)"
	end)
