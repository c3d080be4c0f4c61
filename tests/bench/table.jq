# The tables in Markdown. Input: [{job, doc}] of what measure printed, of several kernels and both units.

def commas: tostring | [while(length > 0; .[:-3])] | reverse | [.[] | .[-3:]] | join(",");
def whole: round | commas;
def places($nr): pow(10; $nr) as $p | . * $p | round | tostring |
	(if length <= $nr then "0" * ($nr + 1 - length) + . else . end) | .[:-$nr] + "." + .[-$nr:];
def figure: if . < 1000 then round | tostring else whole end;
def calls: if . == 0 then "0" elif . < 0.01 then "<0.01" else places(2) end;
def duration: if . < 1000 then "\(round) ns" elif . < 1000000 then "\(. / 1000 | places(1)) µs" else "\(. / 1000000 | places(1)) ms" end;
def release: split("+")[0];
def row: "| " + join(" | ") + " |";

[.[] | select(.doc | type == "object")] as $all |
[$all[] | select(.doc.unit == "instructions" and .job != "bare")] as $counted |
[$counted[].doc.kernel] | unique as $kernels |
[$counted[].job] | reduce .[] as $job ([]; if index($job) then . else . + [$job] end) |
.[] | . as $job |
([$counted[] | select(.job == $job).doc] | sort_by(.kernel)) as $docs |
($all[] | select(.job == $job and .doc.unit == "ns").doc) as $timed |
"",
"`iouctl bench \($job | sub(" dir=@"; ""))`, a \($docs[0].request):",
"",
(["", ($kernels[] | "\(release): instructions", "to the loop"), "\($timed.kernel | release), emulated: time", "to the loop", "calls"] | row),
(["---", ($kernels[] | "---:", "---:"), "---:", "---:", "---:"] | row),
(range($docs[0].variants | length) as $i |
	[$docs[0].variants[$i] | "**\(.name)** \(.help)"] +
	[$docs[].variants[$i] | (.instructions.median | figure), (.ratio.median | places(2))] +
	[$timed.variants[$i] | (.time_ns.median | duration), (.ratio.median | places(2)), (.enters | calls)] | row)
