# The first file in the place of what stands in the second between <!-- bench --> and <!-- /bench -->.
NR == FNR { table = table $0 "\n"; next }
$0 == "<!-- /bench -->" { inside = 0 }
!inside { print }
$0 == "<!-- bench -->" { printf "%s\n", table; inside = 1 }
