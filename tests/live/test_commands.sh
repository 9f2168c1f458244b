#!/bin/sh
# The commands as scripts meet them: exit statuses, one clear line on stderr, and JSON in the contract's shapes. On
# processes of its own; as root and as an ordinary user.
. "$(dirname "$0")/../support/shell.sh"
demo=${PT_DEMO:-}
need jq
unset NO_COLOR COLUMNS

# holds JQ: what the last command printed is one JSON document for which the expression is true.
holds() {
	jq -es "length == 1 and (.[0] | ($1))" "$tmp/out" >/dev/null 2>"$tmp/jq" || {
		cat "$tmp/jq"
		complain "pagetop $what: not so: $1"
	}
}

prints() { # REGEX
	grep -qE -- "$1" "$tmp/out" || complain "pagetop $what: does not say '$1'"
}

# until_true COMMAND...: asks again until it is so, a bounded number of times.
until_true() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 20000 ] || { echo "FAILED: never came true: $*" && exit 1; }
	done
}

is_tail() {
	[ "$(readlink /proc/$1/exe)" = "$(readlink -f "$(command -v tail)")" ]
}

start_target() { # a process that keeps still; sets target
	if [ -n "$demo" ]; then
		: >"$tmp/ready"
		"$demo" --once >"$tmp/ready" 2>&1 &
		target=$!
		children="$children $target"
		until_true grep -q ready "$tmp/ready"
	else
		tail -f /dev/null &
		target=$!
		children="$children $target"
		until_true is_tail $target
	fi
}
start_target

# ---- help and version

gives 0 --help
for command in vmas pages page types doctor verify dump diff faults mark; do
	prints "^  $command "
done
for command in "" vmas pages page types file family doctor verify dump diff faults mark; do
	gives 0 $command --help
	[ "$(wc -l <"$tmp/out")" -le 24 ] || complain "pagetop $command --help: more than 24 lines"
	[ -z "$(grep -E '.{81}' "$tmp/out")" ] || complain "pagetop $command --help: lines over 80 columns"
	[ ! -s "$tmp/err" ] || complain "pagetop $command --help: something on stderr"
done
completion=$(realpath "${PT_TOP:-$(dirname "$0")/../..}/assets/completion/pagetop")
gives 0 --help
for word in $(grep -oE -- '--[a-z]+' "$tmp/out") vmas page doctor verify dump diff mark; do
	grep -qw -- "$word" "$completion" || complain "completion does not know $word"
done
gives 2 vmas -p $$ -o NOPE
for word in $(grep -oE '[A-Z_]{3,}' "$tmp/err"); do
	[ "$word" = NOPE ] || grep -qw "$word" "$completion" || complain "completion does not know column $word"
done
# offers WORD...: what completion makes of these words, the last of which is being typed; in $tmp/offers, a line each
offers() {
	bash -c 'source "$1" && shift && COMP_WORDS=(pagetop "$@") COMP_CWORD=$# && compopt() { :; } && { _pagetop || :; } && printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$completion" "$@" >"$tmp/offers" 2>"$tmp/err" || complain "completion of $*: status $?"
	[ ! -s "$tmp/err" ] || complain "completion of $*: says something"
	offered="$(sort "$tmp/offers" | paste -sd' ')"
}
offered() { # WORDS, sorted, separated by blanks
	[ "$offered" = "$1" ] || complain "completion offers '$offered', not '$1'"
}
if command -v bash >/dev/null; then
	cd "$tmp" && : >a-file
	offers dump --stop = '' && offered "all registers"
	offers dump --stop = reg && offered registers
	offers dump --stop a-f && offered a-file
	offers diff -o rss_g && offered "RSS_GREW,"
	offers diff -o SIZE,bo && offered "SIZE,BORN,"
	offers run pagetop-no-such && offered ""
	offers run sleep a-f && offered a-file
	offers run -d 1 -o a-f && offered a-file
	offers run -d 1 prin && grep -qx printf "$tmp/offers" || complain "no command to run: $offered"
	offers run --interval = 1 prin && grep -qx printf "$tmp/offers" || complain "no command behind --interval=1: $offered"
	offers run --live -- prin && grep -qx printf "$tmp/offers" || complain "no command behind --: $offered"
	offers run -- ls --cl && offered ""
	offers --cl && offered --clear-soft-dirty
	offers record --cl && offered --clear-soft-dirty
	offers dump --cl && offered --clear-soft-dirty
	offers vmas --cl && offered ""
	cd - >/dev/null
fi
gives 0 --version
prints '^pagetop [0-9]+\.[0-9]+'

# ---- usage: status 2

for pid in 0 -1 12x 99999999999 '' ' 1' 0x10; do
	complains 2 "no process id" vmas -p "$pid"
done
for seconds in 0 -1 x inf 1e9; do
	complains 2 "no interval" -p $$ -d "$seconds"
done
complains 2 "unknown option" vmas -p $$ --nope
complains 2 "did you mean vmas?" vmsa
complains 2 "cannot read" vmas -i "$tmp/no-such-file"
complains 2 "needs a process" vmas
complains 2 "needs ADDR" page -p $$
complains 2 "dump needs a process" dump -o "$tmp/core"
complains 2 "needs a file to write" dump -p $$
complains 2 "no operand without --merge" dump -p $$ -o "$tmp/core" x
complains 2 "--merge takes two files" dump --merge a -o "$tmp/core"
complains 2 "--content takes two dumps" diff --content a
complains 2 "cannot read $tmp/none" diff --content "$tmp/none" "$tmp/none"
complains 2 "no ELF file" diff --content "$0" "$0"
complains 2 "no address" page -p $$ xyz
complains 2 "no address" page -p $$ ''
complains 2 "no address" page -p $$ 0x
complains 2 "no address" page -p $$ 11112222333344445
complains 2 "no address" page -p $$ " 1000"
complains 2 "no column NOPE" vmas -p $$ -o NOPE
complains 2 "no column NOPE" doctor -o NOPE
complains 2 "no column NOPE" verify -p $$ -o +NOPE
complains 2 "-f (" vmas -p $$ -f '('
complains 2 "-f (" verify -p $$ -f '('
complains 2 "-f (" -p $$ -f '('
complains 2 "needs a terminal" -p $$
complains 2 "exclude each other" vmas -p $$ -J -r

# ---- no such process: 3

(exit 0) &
ended=$!
wait $ended
# a zombie: it ends when its parent is stopped, and so cannot wait for it
sh -c '(until grep -q "^State:.*T" /proc/$$/status; do :; done) & echo $! >"$0"; kill -STOP $$' "$tmp/zombie" &
children="$children $!"
until_true test -s "$tmp/zombie"
zombie=$(cat "$tmp/zombie")
until_true grep -q ' Z ' "/proc/$zombie/stat"
for command in '' vmas verify 'page 1000' doctor "dump -o $tmp/core"; do
	complains 3 "no process $ended" $command -p $ended
	complains 3 "zombie" $command -p $zombie
done
if [ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ]; then
	for command in '' vmas verify 'page 1000' doctor "dump -o $tmp/core"; do
		complains 3 "kernel thread" $command -p 2
	done
fi

# ---- not permitted: 4

if [ "$(id -u)" != 0 ]; then
	for command in '' vmas verify 'page 1000' "dump -o $tmp/core"; do
		complains 4 "grant it CAP_SYS_PTRACE" $command -p 1
	done
	gives 4 doctor -p 1 -J # the list all the same
	holds '[.doctor[] | select(.signal == "pagemap").state] == ["absent"]'
	grep -q "grant it CAP_SYS_PTRACE" "$tmp/err" || complain "doctor does not say what to grant"
elif command -v setpriv >/dev/null; then # one of the two capabilities: the other one is named
	for has in sys_ptrace:CAP_DAC_READ_SEARCH dac_read_search:CAP_SYS_PTRACE; do
		setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+${has%:*} --ambient-caps=+${has%:*} \
			"$bin" vmas -p 1 >"$tmp/out" 2>"$tmp/err" </dev/null
		[ $? = 4 ] || complain "with $has: not status 4"
		grep -q "grant it ${has#*:}\$" "$tmp/err" || complain "with $has: does not say what to grant"
	done
fi

# ---- vmas

size='(type == "number" and . >= 0 and floor == .)'
hex='(type == "string" and test("^0x[0-9a-f]+$"))'
vma_keys='["start","end","perms","offset","inode","path","role","size","rss","pss","anon","file","shmem","dirty","swap",
	"thp","hugetlb","shared","private","zero","ksm","lazyfree","locked","referenced","guard"]'
gives 0 vmas -p $target -J
[ ! -s "$tmp/err" ] || complain "vmas -J: something on stderr"
holds 'keys_unsorted == ["vmas", "process"]'
holds "[.vmas[] | keys_unsorted == $vma_keys] | all"
holds "[.vmas[] | .start, .end | $hex] | all"
holds "[.vmas[] | .offset, .inode, .size | $size] | all"
holds "[.vmas[] | to_entries[7:][].value | . == null or $size] | all"
holds '[.vmas[] | .perms | test("^[r-][w-][x-][ps]$")] | all'
holds '[.vmas[] | .path | . == null or type == "string"] | all'
holds '[.vmas[] | .role | type == "string" and test("^[a-z-]+$")] | all'
holds '.process | keys_unsorted == ["pid","name","rss","pss","swap","signals","scan-ns"]'
holds ".process.pid == $target"
holds '[.process.signals[] | . == "present" or . == "absent" or . == "approximate"] | all and length > 15'
holds '.process.rss == ([.vmas[].rss] | add)'
# all of maps, in its order
jq -r '.vmas[] | "\(.start[2:])-\(.end[2:]) \(.perms)"' "$tmp/out" >"$tmp/ours"
sed -E 's/^0*([0-9a-f]+)-0*([0-9a-f]+ ....).*/\1-\2/' /proc/$target/maps >"$tmp/maps"
cmp -s "$tmp/ours" "$tmp/maps" || complain "vmas -J is not /proc/$target/maps"
gives 0 vmas -p $target -n -r -o START,END
[ "$(wc -l <"$tmp/out")" = "$(wc -l </proc/$target/maps)" ] || complain "vmas -nr: a line for each VMA"
gives 0 vmas -p $target
[ "$(head -n 1 "$tmp/out" | tr -s ' ' | sed 's/^ //; s/ $//')" = \
	"START END PERMS ROLE SIZE RSS PSS DIRTY SWAP THP SHARED PATH" ] || complain "vmas: other default columns"
gives 0 vmas -p $target -o RSS,START -n -b -r
grep -qvE '^[0-9]+ [0-9a-f]+$' "$tmp/out" && complain "vmas -o RSS,START -nbr: not two numbers a line"
gives 0 vmas -p $target -o +ksm,PAGES_PRESENT
prints ' PATH +KSM +PAGES_PRESENT$'
gives 0 vmas -p $target -J -o START,PAGES_PRESENT
holds '[.vmas[] | keys_unsorted == ["start", "pages_present"]] | all'
gives 0 vmas -p $target -J -f '^stack$'
holds '[.vmas[].path] == ["[stack]"]'
gives 0 vmas -p $target -J -f '^nothing is called this$'
holds '.vmas == [] and .process.rss > 0'

complains 2 "--by takes sharer or node" vmas -p $target --by kind
if [ "$(id -u)" = 0 ] && [ -r /proc/kpagecount ]; then
	gives 0 vmas -p $target --by sharer -J
	holds 'keys_unsorted == ["vmas", "shared-by", "sharers", "processes-not-read", "process"]'
	holds '[.vmas[] | .["shared-by"].others + .["shared-by"].itself + .["shared-by"]["not-found"] <= .size] | all'
	holds '[.vmas[] | .["shared-by"].others as $most | .sharers[] | .shared > 0 and .shared <= $most] | all'
	holds '([.vmas[].sharers[].shared] | add) == ([.sharers[].shared] | add)'
	gives 0 vmas -p $target --by sharer
	prints "^ *PID NAME +SHARED +ANON +FILE +SHMEM$"
	gives 0 vmas -p $target --by sharer -o ADDRESS,SHARE
	prints "^ *ADDRESS +SHARE$"
	complains 2 "by sharer: no column NODE0" vmas -p $target --by sharer -o NODE0
fi
if [ -e /sys/devices/system/node/node0 ]; then
	gives 0 vmas -p $target --by node -J
	holds 'keys_unsorted == ["vmas", "nodes", "unknown", "remote", "process"]'
	holds '([.vmas[].nodes[].bytes] | add // 0) == ([.nodes[].bytes] | add)'
	holds '([.nodes[].bytes] | add) + .unknown >= .process.rss and ([.nodes[].threads] | add) >= 1'
	gives 0 vmas -p $target --by node -o START,NODE0,REMOTE
	prints "^ *START +NODE0 +REMOTE$"
	gives 0 vmas -p $target --by node
	[ -e /sys/devices/system/node/node1 ] || prints "^This machine has one memory node"
fi

# ---- page

# the last page of the stack, where the arguments are
gives 0 vmas -p $target -J -f '^stack$'
last=$(($(jq -r '.vmas[0].end' "$tmp/out") - $(getconf PAGESIZE)))
page=$(printf '0x%x' $last)
within=$(printf '%x' $((last + 17)))
page_keys='["address","vma","present","swapped","pfn","physical","pagemap","kpageflags","flags","kpagecount","cgroup",
	"zone","node","cause","text"]'
gives 0 page -p $target "$page" "$within" 0 -J
holds 'keys_unsorted == ["page"] and (.page | length == 3)'
holds "[.page[] | keys_unsorted == $page_keys] | all"
holds ".page[0] == .page[1] and .page[0].address == \"$page\" and (.page[0].vma | keys_unsorted == $vma_keys)"
holds '.page[0] | .present and (.swapped | not) and .vma.role == "stack"'
holds '.page[2] | .cause == "unmapped" and .vma == null and (.present | not) and .pagemap == "0x0"'
holds "[.page[] | .pagemap | $hex] | all"
holds '[.page[] | .text | length > 20] | all'
gives 0 vmas -p $target -J
seen=$(jq -r '.process.signals.pfn' "$tmp/out")
gives 0 page -p $target "$page" -J
if [ "$seen" = present ]; then
	holds ".page[0] | (.cause | startswith(\"anonymous\")) and .kpagecount >= 1 and (.pfn | $size) and (.kpageflags | $hex)"
	holds '.page[0] | (.flags | index("anonymous") != null) and (.zone | type == "string")'
else
	holds '.page[0] | .pfn == null and .physical == null and .kpageflags == null and .flags == null'
	holds '.page[0] | .kpagecount == null and .cause != "unknown"'
fi
gives 0 page -p $target "$page"
prints "^$page of "
prints '^Mapping$'
prints '^Frame$'

# ---- pages and types

gives 0 pages -p $target -J
holds 'keys_unsorted == ["pages","process"] and (.pages | length > 3)'
holds '[.pages[] | keys_unsorted == ["start","end","pages","kind","flags"]] | all'
holds "[.pages[] | (.start | $hex) and (.end | $hex) and .pages > 0] | all"
gives 0 pages -p $target -J -a "$page-$(printf '%x' $((last + 4096)))" --each
holds ".pages | length == 1 and .[0].start == \"$page\" and .[0].kind == \"anon\""
gives 0 pages -p $target -J --where swapped,~swapped
holds '.pages == []'
gives 0 pages -p $target -n -o START,PAGES --where anon
awk 'NF != 2 || $2 < 1 { exit 1 }' "$tmp/out" || complain "pages -o START,PAGES: other columns"
complains 2 "did you mean anon?" pages -p $target --where anno
complains 2 "is of a process" pages -o START
complains 2 "is of the machine's frames" pages -p $target -o CGROUP
complains 2 "is no range" pages -p $target -a nope
complains 2 "is seen with -r alone" types -b reserved
complains 2 "is none of the names" types -b qqq
complains 2 "no names to filter" types --filter x
complains 2 "exclude each other" types -p $target -f /
complains 2 "is no memory cgroup" types -c /no/such
complains 2 "no column NOPE" types -o NOPE
complains 3 "no process" types -p 4194304
if [ "$seen" = present ] && [ -r /proc/kpageflags ]; then
	gives 0 types -p $target -J
	holds 'keys_unsorted == ["types","total"] and .total > 10 and ([.types[].pages] | add) == .total'
	holds "[.types[] | keys_unsorted == [\"flags\",\"pages\",\"bytes\",\"names\"] and (.flags | $hex)] | all"
	gives 0 types -a 0,64 -o NAMES,PAGES
	prints '^total +64$'
	if [ -e /sys/kernel/mm/page_idle/bitmap ]; then
		complains 2 "--yes says that it may" types -p $target --mark-idle
		gives 0 types -p $target --mark-idle --yes -J
		holds '.["mark-idle"] | .frames > 10 and .marked > 10 and .idle == null'
		gives 0 types -p $target --idle -b idle_page -J
		holds '.total > 0'
	else
		complains 5 "CONFIG_IDLE_PAGE_TRACKING" types -p $target --mark-idle
		complains 5 "CONFIG_IDLE_PAGE_TRACKING" types --idle
	fi
	gives 0 pages -a 0,64 -J -o PFN,PAGES,COUNT
	holds '[.pages[].pages] | add == 64'
	mkdir -p "$tmp/cached/below"
	head -c 20000 /dev/zero >"$tmp/cached/one"
	head -c 4096 /dev/zero >"$tmp/cached/below/two"
	ln "$tmp/cached/one" "$tmp/cached/below/one again"
	gives 0 types -f "$tmp/cached" -J
	holds '.total == 6 and .files == 2 and .folders == 2 and .["further-names"] == 1 and .unreadable == []'
	gives 0 pages -f "$tmp/cached" --each -J
	holds '[.pages[] | keys_unsorted == ["offset","pages","pfn","flags","path"]] | length == 6 and all'
	holds '[.pages[] | select(.path | endswith("two")) | .offset] == [0]'
	gives 0 pages -f "$tmp/cached/one" -a 3+1 -J -o OFFSET
	holds '.pages == [{"offset": 12288}]'
	complains 2 "is of files" pages -o OFFSET
	complains 2 "is no regular file" types -f /dev/null
	complains 2 "No such file" types -f /no/such
else
	gives 4 types
	gives 4 types -p $target
	gives 4 pages
fi

# ---- doctor

for pid in '' "-p $target"; do
	gives 0 doctor $pid -J
	holds 'keys_unsorted[0] == "doctor"'
	holds '[.doctor[] | keys_unsorted == ["signal","state","reason","remedy","what"]] | all'
	holds '[.doctor[] | .state | . == "present" or . == "absent" or . == "approximate"] | all'
	holds '[.doctor[] | (.reason, .what) | type == "string" and length > 0] | all'
	holds '[.doctor[].signal] | unique | length == 20'
	holds '.["working-set"] | keys_unsorted == ["base","per-page","pages","bytes","frame-ns","round-ns"]'
	holds '.costs["kpageflags-entry"].ns > 0 and (.costs["pagemap-call"].measured | type) == "boolean"'
	gives 0 doctor $pid
	head -n 1 "$tmp/out" | grep -q 'be seen' || complain "doctor does not begin with what can be seen"
	sed '/^$/q' "$tmp/out" | grep -q '^Working set: ' || complain "doctor does not say the working set in its header"
	prints '^What the kernel takes for an answer'
done
gives 0 doctor -J
holds '.["working-set"] | .pages == null and .bytes == null and .["frame-ns"] == null'
gives 0 doctor -p $target --budget 1 -J
holds '.["working-set"] | .bytes == .base + .["per-page"] * .pages and .pages > 0 and .["frame-ns"] > 0'
holds '.["working-set"] | (.["round-ns"] / .["frame-ns"]) | . > 199 and . < 201'
gives 0 doctor -n -r -o SIGNAL,STATE
[ "$(wc -l <"$tmp/out")" = 20 ] || complain "doctor -nr: a line for each signal"

# ---- verify

gives 0 verify -p $target -J
holds 'keys_unsorted == ["verify", "process", "summary"]'
holds '.summary | .ok and .differs == 0 and .sums == 9 and .vmas * 9 == .equal + .explained + .unknown + .differs'
holds '(.verify | length) == .summary.vmas'
holds '[.verify[] | .rss | .pagetop == .smaps and .state == "equal"] | all'
[ "$seen" = present ] && holds '.summary | .unknown == 0'
[ "$seen" = present ] || holds '[.verify[].pss | select(.pagetop == null) | .state == "unknown"] | all'
gives 0 verify -p $target
tail -n 1 "$tmp/out" | grep -qE '^[0-9]+ VMAs, 9 sums each: ' || complain "verify does not end with its summary"
prints '^SUM +PAGETOP +SMAPS_ROLLUP +DIFFERENCE +STATE$'
prints '^rss .* equal$'
gives 0 verify -p $target -f '^nothing is called this$' -J
holds '.verify == [] and .summary.vmas > 0'

# ---- dump and diff

[ ! -e "$tmp/core" ] || complain "a dump that could not be made leaves a file"
contents='["stored","as-in-base","zero","in-file","elsewhere","swapped","dontdump","userfaultfd","device","marker",
	"unreadable"]'
gives 0 dump -p $target -o "$tmp/one" -J
holds 'keys_unsorted == ["dump"] and (.dump | length == 1)'
holds '.dump[0] | keys_unsorted == ["file","pid","name","id","base","compared-by","time","stop","stopped-ns","took-ns",
	"threads","with-registers","file-size","disk","contents"]'
holds ".dump[0].contents | keys_unsorted == $contents and .stored > 0 and .[\"as-in-base\"] == 0"
holds ".dump[0] | .pid == $target and .base == null and .stop == \"none\" and .[\"stopped-ns\"] == 0"
holds '.dump[0] | .time | test("^20[0-9-]+T[0-9:.]+Z$")'
[ "$(stat -c %a "$tmp/one")" = 600 ] || complain "a dump can be read by others"
complains 1 "--force replaces it" dump -p $target -o "$tmp/one"
complains 1 "No such file" dump -p $target -o "$tmp/nowhere/one"
complains 2 "is to refer to" dump -p $target --since "$tmp/one" -o "$tmp/one" --force
gives 0 dump -p $target -o "$tmp/two" --since "$tmp/one" --stop -J
holds '.dump[0] | .base == "one" and .["compared-by"] == "contents" and .stop == "all" and .["stopped-ns"] > 0'
holds '.dump[0] | .contents["as-in-base"] > 0 and .threads >= 1 and .["with-registers"] == .threads'
complains 2 "is incremental" dump -p $target -o "$tmp/three" --since "$tmp/two"
gives 0 dump --merge "$tmp/one" "$tmp/two" -o "$tmp/merged"
complains 2 "is not incremental to" dump --merge "$tmp/one" "$tmp/merged" -o "$tmp/three"
gives 0 diff --content "$tmp/one" "$tmp/one" -J
holds 'keys_unsorted == ["diff", "vmas", "summary"] and .diff == [] and .summary.differ == 0 and .summary.equal > 0'
holds '[.vmas[] | keys_unsorted == ["start","end","perms","role","path","gone","differ","bytes","equal","only-first",
	"only-second"]] | all'
gives 0 diff --content "$tmp/one" "$tmp/one"
prints '^0 pages differ, in 0 bytes; [0-9]+ are equal'
complains 2 "merge it with its base first" diff --content "$tmp/two" "$tmp/one"
head -c 100000 "$tmp/one" >"$tmp/cut"
complains 2 "cut off" diff --content "$tmp/one" "$tmp/cut"
[ ! -e "$tmp/three" ] || complain "a dump that could not be made leaves a file"
grep -q '^State:.*[SR]' /proc/$target/status || complain "a dump leaves its process stopped"

# ---- hostile names: escape sequences, invalid UTF-8, a line break

evil=$tmp/$(printf 'e\033[31m\377\n"x')
if cp "$(command -v tail)" "$evil" 2>/dev/null; then
	"$evil" -f /dev/null &
	children="$children $!"
	hostile=$!
	until_true grep -q '\[stack\]' /proc/$hostile/maps
	until_true grep -qF e /proc/$hostile/comm
	for command in vmas 'page 0' verify; do
		gives 0 $command -p $hostile -J
		holds 'type == "object"'
		grep -q "$(printf '\033')" "$tmp/out" && complain "$command -J: an escape sequence gets through"
		gives 0 $command -p $hostile
		grep -q "$(printf '\033')" "$tmp/out" && complain "$command: an escape sequence gets through"
		iconv -f UTF-8 -t UTF-8 "$tmp/out" >/dev/null 2>&1 || complain "$command: not UTF-8"
	done
	gives 0 vmas -p $hostile -J
	holds '[.vmas[].path | select(. != null and contains("\\x1b[31m\\xff"))] | length > 0'
fi

# ---- frame

gives 2 frame
gives 2 frame 1 2
gives 2 frame stack
if [ "$seen" = present ]; then
	gives 0 page -p $target "$page" -J
	pfn=$(jq '.page[0].pfn' "$tmp/out")
	gives 0 frame "$pfn" -J
	holds 'keys_unsorted == ["frame"] and (.frame.flags | type == "array") and (.frame.owners | type == "array")'
	holds '.frame | has("pfn") and has("count") and has("file") and has("zone") and has("free-order")'
	holds "[.frame.owners[] | .address | $hex] | all"
	holds '[.frame.owners[] | has("pid") and has("name")] | all'
	gives 0 frame "$pfn"
	gives 2 frame 0xffffffffff -J # there is no such frame
	holds '.frame | .kind == "none" and .flags == null and .count == null'
	says "this machine has no frame 1099511627775: the last is "
	complains 2 "this machine has no frame" frame 0xffffffffff
else
	gives 4 frame 1
fi

# ---- system

gives 2 system 1
gives 0 system
gives 0 system --for 0.05
gives 0 system --for 0.05 -J
holds '.system.slabs == null or (.system.slabs | all(.growth | type == "number"))'
gives 0 system -J
holds '.system.slabs == null or (.system.slabs | all(.growth == null))'
holds 'keys_unsorted == ["system"] and (.system.zones | length > 0)'
# every frame is of one kind, and what has memory is what the zones have
holds '.system | if .["kinds-known"] then ([.kinds[].frames] | add) == .frames else true end'
holds '.system | if .["kinds-known"] then .memory == ([.zones[].present] | add) else true end'
holds '[.system.zones[] | .orders[] | .unusable | . >= 0 and . <= 1] | all'
holds '[.system.kinds[] | select(.kind == "anon") | .frames] | if '"$([ "$seen" = present ] && echo true || echo false)"' then .[0] > 0 else true end'
holds '.system.debugging | length > 5 and all(has("feature") and has("on") and has("switched-on-by"))'

# ---- file

gives 2 file
gives 2 file "$tmp/no such file"
mkdir -p "$tmp/tree/sub"
head -c 40960 /dev/zero >"$tmp/tree/data"
ln "$tmp/tree/data" "$tmp/tree/sub/again"
ln -s / "$tmp/tree/sub/elsewhere"
: >"$tmp/tree/sub/empty"
gives 0 file "$tmp/tree" -J
holds 'keys_unsorted[0] == "file" and .files == 2 and .folders == 2 and ."further-names" == 1 and .failed == 0'
holds '.file | length == 1 and .[0].size == 40960 and .[0].cached == 40960 and .[0].error == null'
holds '.total.cached == 40960 and .total.size == 40960 and ."mapped-by" == null'
gives 0 file "$tmp/tree/sub/empty" -J
holds '.file[0] | .cached == 0 and .size == 0'
if [ "$seen" = present ]; then
	gives 0 file "$(readlink -f "$(command -v tail)")" -J -f tail
	holds '(.file | length == 1) and (."mapped-by" | type == "array") and .file[0].mapped != null'
	holds '[."mapped-by"[] | (.address | '"$hex"') and .bytes > 0] | all'
else
	gives 0 file "$tmp/tree/data" -J
	holds '.file[0].cached == 40960 and .file[0].mapped == null and .file[0].active == null'
fi
(cd "$tmp/tree" && "$PT_BIN" file -r -n -b -o CACHED,PATH data >"$tmp/out")
[ "$(cat "$tmp/out")" = "40960 $tmp/tree/data" ] || complain "pagetop file -r: $(cat "$tmp/out")"
gives 0 file "$tmp/tree"
prints "total of 2 files"
prints "1 further name of files"

# ---- family

gives 2 family
gives 2 family -p $target --by nothing
gives 2 family -p $target -o NOTHING
gives 3 family -p $ended
gives 0 family -p $target
prints "^ *PID +AGE +RSS +SHARED +COPIED"
mkfifo "$tmp/let-go"
(read -r _ <"$tmp/let-go") & # this shell once more
child=$!
gives 0 family -p $child -J
holds 'keys_unsorted == ["family","samples","ended","left-out"] and (.family | length >= 2) and ."left-out" == 0'
holds ".family[0].parent == null and .family[0].shared == null and any(.family[]; .pid == $child and .parent == $$)"
holds '.family[] | select(.pid == '$child') | .error == null and .age >= 0 and ."one-memory" == false and (.by_parent == null
	or .copied == .by_parent + .by_child + .either) and ([.vmas[].copied] | add) == .copied and .copied + .unknown + .shared > 0'
gives 0 family -p $child --for 0.2 -d 0.05 --by sample
prints "^ *TIME +PID +AGE"
gives 0 family -p $child --by vma -rnb -o START,SHARED,UNKNOWN,NAME
[ -s "$tmp/out" ] || complain "pagetop family --by vma: nothing"
echo >"$tmp/let-go"
wait $child

cat >"$tmp/page_owner" <<'END'
Page allocated via order 0, mask 0x1100cca(GFP_HIGHUSER_MOVABLE), pid 7, tgid 7 (sh), ts 300 ns, free_ts 0 ns
PFN 4096 type Movable Block 8 type Movable Flags 0xfffffc0080034(uptodate|lru)
 get_page_from_freelist+0x1/0x2
 do_anonymous_page+0x3/0x4

Page allocated via order 3, mask 0x1100cca(GFP_HIGHUSER_MOVABLE), pid 8, tgid 8 (cat), ts 200 ns, free_ts 0 ns
PFN 4097 type Movable Block 8 type Movable Flags 0xfffffc0080034(uptodate|lru)
 filemap_add_folio+0x5/0x6

END
gives 0 system --page-owner="$tmp/page_owner"
gives 0 system --page-owner="$tmp/page_owner" -J
holds '.records == 2 and .["page-owner"][0].pages == 8 and .["page-owner"][0].stack == ["filemap_add_folio+0x5/0x6"]'
gives 0 system --page-owner="$tmp/page_owner" --by stack -f sh -J
holds '.records == 1 and .["page-owner"][0].name == "sh"'
gives 2 system --page-owner="$tmp/page_owner" --by colour
gives 0 system --page-owner="$tmp/page_owner" --group name,allocator --by -name -J
holds '[.["page-owner"][] | "\(.name) \(.pages) \(.allocator[0]) \(.stack)"] == ["sh 1 others null", "cat 8 others null"]'
gives 0 system --page-owner="$tmp/page_owner" --only pid=7,9 --only allocator=others -J
holds '.records == 1 and .["page-owner"][0].tgid == 7'
gives 0 system --page-owner="$tmp/page_owner" -p 8 -J
holds '.records == 1 and .["page-owner"][0].name == "cat"'
gives 2 system --page-owner="$tmp/page_owner" --group size
gives 2 system --page-owner="$tmp/page_owner" --only size=1
# a pipe, and longer than memory should be: three stacks in all
for i in 1 2 3 4 5 6 7; do cat "$tmp/page_owner"; done | "$PT_BIN" system --page-owner=/dev/stdin -J >"$tmp/out"
holds '.records == 14 and (.["page-owner"] | length) == 2'
gives 5 system --page-owner="$tmp/none"

# ---- output that cannot be written

if [ -c /dev/full ]; then
	for answer in vmas 'vmas -J' 'verify -J'; do # JSON is written in pieces: the first that fails is not for lack of memory
		"$bin" $answer -p $target >/dev/full 2>"$tmp/err"
		[ $? = 1 ] || complain "$answer to a full disk: not status 1"
		[ "$(cat "$tmp/err")" = "pagetop: cannot write the answer: No space left on device" ] ||
			complain "$answer to a full disk: not one line that says so"
	done
fi

[ $failed = 0 ] && echo "all commands keep the contract"
exit $failed
