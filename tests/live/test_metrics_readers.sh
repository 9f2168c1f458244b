#!/bin/sh
# The metrics of pagetop record --metrics by those who read them: promtool (Prometheus' own check), an OpenMetrics parser,
# and the queries of assets/grafana.json.
. "$(dirname "$0")/../support/shell.sh"
need jq
python=/usr/bin/python3 # the one that has Debian's modules
promtool=$(command -v promtool) || promtool=
$python -c 'import prometheus_client.openmetrics' 2>/dev/null || python=
[ -n "$promtool$python" ] || skip "neither promtool (prometheus) nor python3-prometheus-client is installed"
export LC_ALL=C.UTF-8

# A process of a hostile name, which holds still.
mkfifo "$tmp/hold"
ln -s /bin/sh "$tmp/"'a"b\c{d} 1'
"$tmp/"'a"b\c{d} 1' -c 'read -r line' <"$tmp/hold" &
target=$!
exec 3>"$tmp/hold"
"$bin" record -p $target --metrics "$tmp/m.prom" -d 0.05 --for 0.3 >"$tmp/out" 2>&1 3>&- || complain "record: status $?"
dashboard=$top/assets/grafana.json

# Every name in the dashboard is one that is written; every query counts the processes that were chosen.
jq -r '.panels[].targets[].expr, (.templating.list[] | .definition // empty)' "$dashboard" >"$tmp/queries" ||
	complain "the dashboard is no JSON"
[ "$(wc -l <"$tmp/queries")" -ge 15 ] || complain "few queries in the dashboard"
grep -oE 'pagetop_[a-z_]+' "$tmp/queries" | sort -u >"$tmp/asked"
sed -n 's/^# HELP \([a-z_]*\) .*/\1/p' "$tmp/m.prom" | sort >"$tmp/written"
comm -23 "$tmp/asked" "$tmp/written" >"$tmp/out"
[ ! -s "$tmp/out" ] || complain "the dashboard asks for what is not written"
grep -vE '^label_values' "$tmp/queries" | grep -oE 'pagetop_[a-z_]+.' | grep -v '{$' >"$tmp/out"
[ ! -s "$tmp/out" ] || complain "a query of the dashboard does not choose processes"

if [ -n "$promtool" ]; then
	$promtool check metrics <"$tmp/m.prom" >"$tmp/out" 2>&1 || complain "promtool: status $?"
	sed 's/^\(pagetop_vmas{.*\)}/\1/' "$tmp/m.prom" >"$tmp/bad" # and it can say no
	! $promtool check metrics <"$tmp/bad" >"$tmp/out" 2>&1 || complain "promtool takes anything"
	jq '{groups: [{name: "dashboard", rules: [.panels[].targets[].expr
		| gsub("\\$__rate_interval"; "5m") | gsub("\\$[a-z]+"; ".*")] | to_entries
		| map({record: "query:\(.key)", expr: .value})}]}' "$dashboard" >"$tmp/rules.yml"
	$promtool check rules "$tmp/rules.yml" >"$tmp/out" 2>&1 || complain "a query of the dashboard: promtool: status $?"
fi
if [ -n "$python" ]; then
	$python - "$tmp/m.prom" >"$tmp/out" 2>&1 <<-'END' || complain "the OpenMetrics parser: status $?"
		import sys
		from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
		from prometheus_client.parser import text_string_to_metric_families as prometheus
		text = open(sys.argv[1]).read()
		for parse in openmetrics, prometheus:
		    series = [s for family in parse(text) for s in family.samples]
		    assert len(series) > 50, len(series)
		    assert len({(s.name, *sorted(s.labels.items())) for s in series}) == len(series)
		    assert {s.labels["name"] for s in series} == {'a"b\\c{d} 1'}, series[0]
		    assert not any(s.timestamp for s in series)
	END
fi
exec 3>&-
wait $target
target=
exit $failed
