# One program in each line, run on every record through us and through jq.
.
.a, .b, .c
.a?, .[0]?, .[-1]?
.[]?
..
[..] | length
keys?
keys_unsorted?
length?
type
tojson
tostring
tojson | fromjson
not
to_entries?
with_entries(.value |= tostring)?
[paths]
[paths(type == "number")]
[leaf_paths?]
[tostream]
fromstream(tostream)
map(.)?
map_values(.)?
walk(if type == "string" then ascii_upcase else . end)
walk(if type == "array" then sort else . end)
del(.a)?
del(.[0])?
del(.[0, 2])?
del(.[1:])?
del(..)?
delpaths([["a"], ["c", 1, "d"], [1, 0]])?
.a = 1
.a |= tostring
.a += 1
.a //= 5
.[0] = 9
.[1:] = [7]
.c[1].d = {x: 1}
(.a, .b) = 3
.[]? += 1
.[]? |= tostring
first(.[]?), last(.[]?, 0)
[limit(2; .[]?)]
[.[]? | numbers | . * 2, . / 4, -., . % 7, floor, ceil, fabs]
[.[]? | numbers | sqrt | floor]
add?
any?, all?
min?, max?
sort?, unique?, (arrays | reverse)
sort_by(.name)?
group_by(.name)? | map(length)
unique_by(.name)?
min_by(.value)?, max_by(.value)?
flatten?, flatten(1)?
(arrays | transpose?)
[combinations?]
index("e")?, rindex("e")?
(arrays | indices(1), indices("a"), indices([1]))
contains("e")?, inside("text")?
startswith("t")?, endswith("x")?
ltrimstr("t"), rtrimstr("x")
ascii_downcase?, ascii_upcase?
explode? | implode
split(",")?, split(" ")?
join("-")?
test("e")?, test("E"; "i")?
[match("[a-z]+"; "g")? | .string]
[scan("[a-z]+")?]
[splits(" +")?]
sub("e"; "E")?, gsub("[aeiou]"; "<\(.)>")?
gsub("(?<v>[aeiou])"; "\(.v | ascii_upcase)")?
capture("(?<first>[a-z]+) (?<second>[a-z]+)")?
@text, @json
@csv?, @tsv?
@base64?, @sh?
@html?
"\(.)"
"a\(1 + 2)b\("c")"
{a: 1, b: .}
{(tojson): 1}
{name, value}?
{a: (1, 2), b: (3, 4)}
[(1, 2) + (10, 20)]
[(1, 2) * (3, 4)]
["\(1, 2) \(3, 4)"]
[.[]?, 1] | first
if . then 1 else 2 end
if type == "array" then length elif type == "object" then keys else . end
try error("x") catch .
try error({a: 1}) catch .a
.a.b.c?
.. | numbers
[.. | strings]
[recurse(.[]?; . != null)]
reduce .[]? as $x (0; . + 1)
reduce .[]? as $x ({}; .[$x | tojson] += 1)
[foreach .[]? as $x (0; . + 1; [., $x])]
[range(5)], [range(2; 5)], [range(0; 10; 3)], [range(5; 0; -2)]
[while(false; .)], [limit(3; repeat(1))]
1 as $x | 2 as $y | [$x, $y]
. as [$a, $b] | [$a, $b]
. as {a: $a, c: [$c]} | [$a, $c]
def f: . + 1; 1 | f | f
def f(g): [g, g]; f(1, 2)
def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; 10 | fac
[label $out | (.[]?, 1) | if . == 2 then ., break $out else . end]
isempty(.[]?)
has("a")?, has(0)?
in({"a": 1})?
getpath(["c", 1, "d"])?
[getpath(["a"], ["b"])?]
setpath(["a", "b"]; 1)?
splits("a")?
[.[]? | tojson | fromjson]
tojson | length
[.[]? | type]
map(select(type == "number"))?
map(. == 1)?
. == ., . < 1, . >= "a", [.] < [[]]
[., null, 1, "a", [], {}] | sort
[., 1, .] | unique
ascii_downcase? // "none"
.[2:4]?, .[:-1]?, .[-2:]?
fromdate?, (.time? | fromdate?)
[numbers | todate?]
numbers | select(. >= 0) | gmtime | mktime
numbers | strftime("%Y-%m-%d %H:%M:%S %j %a")?
"2024-05-09T11:33:23Z" | fromdate | todate
"10" | tonumber
[1, 2.5, 1e3, 1e-5, 1e17, 0.1 + 0.2, 6 / 2, 1 / 3, 3.0 * 1]
[nan, infinite, -infinite] | tojson
[nan < nan, nan == nan, nan > nan]
10 * 3 % 4, 7 % 3, -7 % 3, 5.5 % 2
.a = .b // 1
[.[]? // "alt"]
(.a // "x")?
1, null | values
[.[]?] | length as $n | if $n > 0 then add / $n else null end?
INDEX(.[]?; tojson)
[IN(1, "a", null)]
ltrimstr("x") | tojson | ltrimstr("[")
# Phone sensors
.messageId
[.payload[]?.time]
[.payload[]? | .values | add]
[.payload[]? | select(.values.x != null) | (.values.x | fabs) + (.values.y | fabs) + (.values.z | fabs)]
.deviceId? as $d | [.payload[]? | . as $p | .values | with_entries(.key = "\($p.name)-\(.key)") + {d: $d, t: $p.time}]
.payload? | group_by(.name)? | map({name: .[0].name, n: length})
[.payload[]? | .values | to_entries | sort_by(.value) | from_entries]
[.payload[]? | .values | map_values(. * 1000 | round / 1000)]
[.payload[]? | .time / 1000000000 | floor | todate]
