# The builtins that are written in jq. Each starts a line with `def`, and uses only what is above
# it and natives. Names with an underscore are our own, for use in here.

def _empty: {}[] as $x | .;
def empty: {}[] as $x | .;
def error: _raise as $x | .;
def error(message): (message | _raise) as $x | .;
def null: [][0];
def true: 0 == 0;
def false: 0 != 0;
def not: if . then false else true end;
def select(condition): if condition then . else empty end;

def tostring: "\(.)";
def @text: "\(.)";
def @json: tojson;
def format($name): _format($name);
def @csv: _format("csv");
def @tsv: _format("tsv");
def @html: _format("html");
def @uri: _format("uri");
def @urid: _format("urid");
def @sh: _format("sh");
def @base64: _format("base64");
def @base64d: _format("base64d");
def @base32: _format("base32");
def @base32d: _format("base32d");
def have_literal_numbers: true;
def have_decnum: true;

# Generators
def range($from; $to; $by): if $by == 0 then empty else _range($from; $to; $by) end;
def range($from; $to): _range($from; $to; 1);
def range($to): _range(0; $to; 1);
def repeat(f): def rec: f, rec; rec;
def recurse(f): def rec: ., (f | rec); rec;
def recurse: recurse(.[]?);
def recurse(f; condition): recurse(f | select(condition));
def recurse_down: recurse;
def while(condition; update): def rec: if condition then ., (update | rec) else empty end; rec;
def until(condition; update): def rec: if condition then . else update | rec end; rec;
def limit($n; f): if $n < 0 then error("limit doesn't support negative count") else _limit($n; f) end;
def skip($n; f): if $n < 0 then error("skip doesn't support negative count") else _skip($n; f) end;
def nth($n; f): if $n < 0 then error("nth doesn't support negative indices") else first(_skip($n; f)) end;
def isempty(f): first((f | false), true);
def isvalid(f): try (f | true) catch false;
def add(f): reduce f as $x (null; . + $x);
def any(f; condition): isempty(f | condition or empty) | not;
def all(f; condition): isempty(f | condition and empty);
def any(condition): any(.[]; condition);
def all(condition): all(.[]; condition);
def any: any(.[]; .);
def all: all(.[]; .);
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def IN(xs): any(xs == .; .);
def IN(source; xs): any(source == xs; .);
def INDEX(source; index): reduce source as $row ({}; .[$row | index | tostring] |= $row);
def INDEX(index): INDEX(.[]; index);
def JOIN($index; key): [.[] | [., $index[key]]];
def JOIN($index; source; key): source | [., $index[key]];
def JOIN($index; source; key; join): source | [., $index[key]] | join;

# Types
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def scalars: select(type | . != "array" and . != "object");
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def toarray: if type == "array" then . else [.] end;
def toboolean:
  if type == "boolean" then . elif . == "true" then true elif . == "false" then false
  else error("\(type) (\(tojson)) cannot be parsed as a boolean") end;

# Numbers
def nan: _nan;
def infinite: _infinite;
def pow10: pow(10; .);
def gamma: lgamma;
def lgamma_r: [lgamma, if . < 0 and (floor % 2 != 0) then -1 else 1 end];
def drem($x; $y): remainder($x; $y) | if . == 0 then copysign(.; $x) else . end;
def nexttoward($x; $y): nextafter($x; $y);
def scalb($x; $e): $x * pow(2; $e);
def scalbn($x; $e): ldexp($x; $e);
def logb: if . == 0 then -infinite elif isinfinite then infinite elif isnan then . else ilogb end;
def significand: if . == 0 or isinfinite or isnan then . else ldexp(.; -ilogb) end;

# Paths
def getpath($path):
  if $path | type != "array" then error("Path must be specified as an array")
  else reduce $path[] as $key (.; .[$key]) end;
def setpath($path; $value):
  if $path | type != "array" then error("Path must be specified as an array")
  else getpath($path) = $value end;
def del(f): delpaths([path(f)]);
def paths: path(..) | select(. != []);
def paths(f): path(.. | select(f)) | select(. != []);
def leaf_paths: paths(scalars);
def pick(f): . as $top | reduce path(f) as $path (null; setpath($path; $top | getpath($path)));
def _modify(f; update):
  reduce path(f) as $path ([., []];
    . as [$value]
    | [$value | getpath($path) | first(update)] as $new
    | if $new == [] then .[1] += [$path] else .[0] = ($value | setpath($path; $new[0])) end)
  | . as [$value, $gone] | $value | delpaths($gone);
def to_entries: _to_entries;
def with_entries(f): _to_entries | [.[] | f] | from_entries;
def map(f): [.[] | f];
def map_values(f): .[] |= f;
def walk(f):
  def rec: if type == "object" then map_values(rec) elif type == "array" then map(rec) else . end | f;
  rec;

# Arrays
def first: .[0];
def last: .[-1];
def nth($n): .[$n];
def flatten($depth): _flatten($depth);
def flatten: _flatten(1e9);
def min: min_by(.);
def max: max_by(.);
def transpose: . as $rows | [range(0; [$rows[] | length] | max // 0) as $i | [$rows[] | .[$i]]];
def sort: sort_by(.);
def unique: unique_by(.);
def index($x): indices($x) | .[0];
def rindex($x): indices($x) | .[-1];
def combinations:
  if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $rest | [$x] + $rest end;
def combinations($n): . as $items | [range($n) | $items] | combinations;
def ascii: [.] | implode;
def _nwise($n): def rec: if length <= $n then . else .[:$n], (.[$n:] | rec) end; rec;

# Streams
def tostream: path(def rec: (.[]? | rec), .; rec) as $path
  | getpath($path) | reduce path(.[]?) as $inner ([$path, .]; [$path + $inner]);
def fromstream(events):
  foreach events as $event ({};
    if .done then {} else . end
    | if $event | length == 2
      then setpath(["done"]; $event[0] | length == 0) | setpath(["value"] + $event[0]; $event[1])
      else setpath(["done"]; $event[0] | length == 1) end;
    if .done then .value else empty end);
def truncate_stream($depth; stream):
  stream | if .[0] | length > $depth then .[0] |= .[$depth:] else empty end;
def truncate_stream(stream): . as $depth | truncate_stream($depth; stream);

# Regular expressions
def _captures: [.captures[] | select(.name != null) | {(.name): .string}] | add // {};
def match($re; $flags): _match($re; $flags)[];
def match($re): match($re; null);
def test($re; $flags): _test($re; $flags);
def test($re): _test($re; null);
def capture($re; $flags): match($re; $flags) | _captures;
def capture($re): capture($re; null);
def scan($re; $flags):
  match($re; "g" + $flags) | if .captures == [] then .string else [.captures[].string] end;
def scan($re): scan($re; null);
def split($re; $flags): [_split($re; $flags)[]];
def splits($re; $flags): _split($re; $flags)[];
def splits($re): splits($re; null);
def sub($re; replacement; $flags): _sub($re; $flags; _captures | replacement);
def sub($re; replacement): sub($re; replacement; null);
def gsub($re; replacement; $flags): sub($re; replacement; "g" + $flags);
def gsub($re; replacement): sub($re; replacement; "g");

# Dates
def gmtime: if type == "number" then _gmtime else error("gmtime() requires numeric inputs") end;
def strftime($format):
  (if type == "number" then _gmtime else . end) | _strftime($format);
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def todate: todateiso8601;
def date: todateiso8601;
def fromdate: fromdateiso8601;
def dateadd($unit; $n): . + $n;
def datesub($unit; $n): . - $n;
