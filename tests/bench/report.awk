# Samples ("CASE SUBJECT.METRIC VALUE", a line each) as medians, and the bars with them. Called with bars.txt and the
# file of samples, and the cases that were asked for in `cases`, whose bars are never left out. Prints two tables, tabs
# between columns:
#   median  CASE  SUBJECT.METRIC  MEDIAN  LEAST  MOST  N
#   bar     CASE  WHAT  MEDIAN  AGAINST  MEDIAN  RATIO  RATIO_OF_CPU  BAR  VERDICT
function median(name,    n, i, j, v, sorted) {
	n = count[name]
	for (i = 1; i <= n; i++) {
		v = value[name, i]
		for (j = i - 1; j > 0 && sorted[j] > v; j--)
			sorted[j + 1] = sorted[j]
		sorted[j + 1] = v
	}
	least = sorted[1]
	most = sorted[n]
	return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}
# Of each round's ratio, where the two were measured in turns; what disturbs a round disturbs both.
function ratio_of(what, against,    i, n) {
	n = count[what]
	if (n != count[against])
		return of[against] ? of[what] / of[against] : 0
	count["ratio"] = n
	for (i = 1; i <= n; i++)
		value["ratio", i] = value[against, i] ? value[what, i] / value[against, i] : 0
	return median("ratio")
}
function plain(x) {
	return sprintf(x >= 1000 ? "%.0f" : "%.4g", x)
}
# The same ratio by CPU time, where both are times of something that uses one core.
function cpu_ratio(what, against) {
	if (what ~ /threads/ || !sub(/\.ms$/, ".cpu_ms", what) || !sub(/\.ms$/, ".cpu_ms", against))
		return "-"
	return what in of && against in of && of[against] ? sprintf("%.3g", ratio_of(what, against)) : "-"
}
BEGIN {
	n_asked = split(cases, list, " ")
	for (i = 1; i <= n_asked; i++)
		asked[list[i]]
}
FNR == NR {
	if (!/^#/ && NF == 5)
		bar[++bars] = $0
	next
}
NF == 3 {
	name = $1 "\t" $2
	if (!(name in count))
		names[++measured] = name
	value[name, ++count[name]] = $3 + 0
}
END {
	for (i = 1; i <= measured; i++) {
		of[names[i]] = median(names[i])
		printf "median\t%s\t%s\t%s\t%s\t%d\n", names[i], plain(of[names[i]]), plain(least), plain(most),
			count[names[i]]
	}
	for (i = 1; i <= bars; i++) {
		split(bar[i], b, " ")
		if (!(b[1] in asked))
			continue
		what = b[1] "\t" b[2]
		against = b[1] "\t" b[3]
		if (!(what in of) || (b[3] != "-" && !(against in of))) {
			printf "bar\t%s\t-\t%s\t-\t-\t-\t%s %s\tnot measured\n", what, b[3], b[4], b[5]
			continue
		}
		ratio = b[3] == "-" ? of[what] : ratio_of(what, against)
		holds = b[4] == "<=" ? ratio <= b[5] + 0 : ratio >= b[5] + 0
		printf "bar\t%s\t%s\t%s\t%s\t%s\t%s\t%s %s\t%s\n", what, plain(of[what]), b[3],
			b[3] == "-" ? "-" : plain(of[against]), b[3] == "-" ? "-" : plain(ratio),
			cpu_ratio(what, against), b[4], b[5], holds ? "holds" : "missed"
	}
}
