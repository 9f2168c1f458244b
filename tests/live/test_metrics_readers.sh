#!/bin/sh
# The metrics of pagetop record --metrics by those who read them: promtool (Prometheus' own check), an OpenMetrics parser,
# and assets/grafana.json: its queries, and what Grafana needs to find in it.
. "$(dirname "$0")/../support/shell.sh"
need jq
python=/usr/bin/python3 # the one that has Debian's modules
promtool=$(command -v promtool) || promtool=
$python -c 'import prometheus_client.openmetrics' 2>/dev/null || python=
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

# Labels that queries sum by, name in a legend or choose by are those of the metrics; variables are declared.
grep -oE '[a-z_]+="' "$tmp/m.prom" | tr -d '="' | sort -u >"$tmp/labels"
echo instance >>"$tmp/labels" # Prometheus' own
{
	grep -oE 'by \([a-z, ]+\)' "$tmp/queries" | sed 's/by (//; s/[),]/ /g' | tr -s ' ' '\n'
	jq -r '.panels[].targets[].legendFormat // empty' "$dashboard" | grep -oE '\{\{ *[a-z_]+ *\}\}' | tr -d '{} '
	grep -oE '[{,][a-z_]+(=|!)~?"' "$tmp/queries" | tr -d '{,=!~"'
} | sort -u | grep . >"$tmp/asked"
[ "$(wc -l <"$tmp/asked")" -ge 5 ] || complain "few labels in the dashboard"
grep -vxFf "$tmp/labels" "$tmp/asked" >"$tmp/out"
[ ! -s "$tmp/out" ] || complain "the dashboard asks for labels that no metric has"
jq -r '[.. | strings | scan("\\$\\{?([a-zA-Z_]+)")[0]] | unique | .[] | select(startswith("__") | not)' "$dashboard" >"$tmp/used"
jq -r '.templating.list[].name' "$dashboard" >"$tmp/declared"
grep -vxFf "$tmp/declared" "$tmp/used" >"$tmp/out"
[ ! -s "$tmp/out" ] || complain "variables of the dashboard that are not declared"
[ -s "$tmp/used" ] || complain "the dashboard has no variables"

# Panels have what each must have, and lie side by side.
must() { # FILTER: holds of the dashboard
	jq -e "$1" "$dashboard" >/dev/null || complain "the dashboard: not $1"
}
must '(.title | type == "string") and (.uid | length > 0 and length <= 40) and (.schemaVersion | type == "number")'
must '[.panels[].id] | length > 5 and length == (unique | length)'
must '[.panels[] | .title, .type] | all(type == "string" and length > 0)'
must '[.panels[].type] - ["stat", "timeseries", "table", "bargauge", "gauge", "piechart", "text", "row"] == []'
must '[.panels[] | select(.type != "row" and .type != "text") | .targets | length > 0] | all'
must '[.panels[] | [.targets[].refId] | length == (unique | length) and all(type == "string")] | all'
must '[.panels[].gridPos | .x >= 0 and .w > 0 and .h > 0 and .x + .w <= 24] | all'
must '[.panels[] | .gridPos | range(.x; .x + .w) as $x | range(.y; .y + .h) as $y | [$x, $y]] | length == (unique | length)'
must '[.panels[] | .datasource.uid // .datasource] | unique == ["${datasource}"]'
must '[.panels[].fieldConfig.defaults.unit] | all(. == null or (type == "string" and length > 0))'

[ -n "$promtool$python" ] || echo "neither promtool (prometheus) nor python3-prometheus-client is installed: not asked"
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
