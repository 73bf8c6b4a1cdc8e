import { describe, expect, it } from 'vitest';
import { awk } from '../../../src/shell/commands/awk.ts';
import { compareAll } from './compare.ts';
import type { Row } from './compare.ts';
import { isHere } from './real_tools.ts';
import { runTool } from './run_tool.ts';

const dev = 'eth0: 10 200 3\neth1: 11 7 0\nlo: 0 0 0\n';
const softnet = '0000109b 00000000 00000008 00000001\n00000ea6 0000000a 00000007 0000000d\n';
const letters = 'a b c\n1 2 3\n\nx y z\n';
const files = {
  one: 'one 1\ntwo 2\nthree 3\n',
  two: 'x 1\ny 2\n',
  prog: 'BEGIN { x = 3 }\n{ print x, $1 }\n',
};

/// Program, standard input, and words before the program.
const programs: readonly (readonly [
  program: string,
  stdin: string,
  before?: string,
  after?: string,
])[] = [
  // what the recorded sessions type
  ['{print $13}', softnet],
  ['/^Combined/{print $2}', 'Combined:\t4\n'],
  ['NR<4', letters],
  ['/eth0/{print $1+0}', ' 33: eth0\n', '-F:'],
  ['/eth0/{gsub(/ /,"",$1);print $1}', ' 33:  5 eth0\n', '-F:'],
  ['/eth0:/{print $2, $4}', dev],
  ['{s+=strtonum("0x" $1)} END{print s}', softnet],
  ['{s=0; for(i=2;i<=NF;i++) s+=$i; print $NF, s}', dev],
  [
    '{n=split($0,f); printf "cpu%d processed=%d dropped=%d\\n", strtonum("0x" f[4]), strtonum("0x" f[1]), strtonum("0x" f[2])}',
    softnet,
  ],
  ['{print NR-1, strtonum("0x" $4)}', softnet],
  [
    '/^a/{n++; if(n==1) split($0,h); else {split($0,v); for(i in h) if (h[i] ~ /x/) print h[i], v[i]}}',
    'a x1 y x2\na 1 2 3\n',
  ],
  ['$2>0', letters],
  // values
  [
    'BEGIN{print 0.1, 1e-5, 1e6, 1e16, 1e17, 2^53, 2^53+1, 1234567.8, 100000*1.5, 1/3, -1/3, 3.0}',
    '',
  ],
  ['BEGIN{print 1e300*1e300, -1e300*1e300, log(0)}', ''],
  ['BEGIN{print 1==1.0, "a"<"b", "10"<"9", 10<9, "abc"<1, x==0, x==""}', ''],
  ['{ print ($1<$2), $1==1, $1<10, $2<"10" }', letters],
  ['{ print $1 == "1.0", $1 == 1.0 }', '1.0\n1\n'],
  ['BEGIN{print -3%2, 7%-3, 2**3, 2^0.5, 2^-1, -2^2, !x, !"a", !"", - -3}', ''],
  ['BEGIN{print 010+0, "1e2"+0, ".5."+0, "+5"+0, "0x1f"+0, 0x1f, "  12  "+0}', ''],
  ['BEGIN{x["a"]; print ("a" in x), ("b" in x), length(x)}', ''],
  ['BEGIN{CONVFMT="%d"; a=12.7; b=a ""; print b; OFMT="%.2f"; print 3.14159, 3.14159 ""}', ''],
  ['BEGIN{print 1 " " -1; print 1 -1; print 2 * 3 "x" 4 + 1}', ''],
  [
    'BEGIN{x = 5; x += 2; x -= 1; x *= 3; x /= 2; x %= 5; x ^= 2; print x; print x++, ++x, x--, --x}',
    '',
  ],
  [
    'BEGIN{$0 = "a b c"; $2 = ""; print; print NF; $5 = "e"; print; print NF; NF = 2; print $0 "|"}',
    '',
  ],
  ['BEGIN { a = "A"; b = a++; print a, b; print length(12345), length("héé"), length() }', ''],
  ['BEGIN{i = 1; $i++; print i; $0 = "3 x"; print $1++ + ++$1, $0, $i++}', ''],
  ['BEGIN{print 1>2 ? "y" : "n"}', ''],
  ['BEGIN{print (1>2) ? "y" : "n"; print (1,2)  }', ''],
  ['BEGIN{print(1)(2); print (1)(2), 3; print -1 " " -1; print 1,2 > "/dev/stdout"}', ''],
  [
    'BEGIN{if (!("a" in x)) print "none"; if (!(3 in x) && 1) print "ok"; x[1,2]=3; for (k in x) { split(k, p, SUBSEP); print p[1], p[2] }; if ((1,2) in x) print "in" }',
    '',
  ],
  // patterns, rules
  ['/b/,/x/', letters],
  ['NR==2,NR==2', letters],
  ['NR==2,/nothing/{print NR": "$0}', letters],
  ['END{print NR, $0}', letters],
  ['BEGIN{print "b"} END{print "e"}', letters],
  ['BEGIN { exit 3 } END { print "end" }', ''],
  ['{ exit NR } END { print "end" }', letters],
  ['{ next; print "no" } END { print NR }', letters],
  ['!/a/', letters],
  ['$1 ~ "^[0-9]+$" && $2 !~ /3/', letters],
  ['NF', letters],
  ['1;2', 'x\n'],
  ['{ nextfile } END { print NR }', '', '', 'one two'],
  ['FNR==1{print FILENAME, NR, FNR}', '', '', 'one two'],
  ['{print v, $1}', '', '', 'v=1 one v=2 two'],
  ['BEGINFILE{print "begin " FILENAME} ENDFILE{print "end " FNR}', '', '', 'one two'],
  ['NR==FNR{a[$2]=$1; next} $2 in a{print a[$2], $1}', '', '', 'one two'],
  // statements
  [
    'BEGIN{for(i=0;i<3;i++) { if(i==1) continue; print i } while(j<2) j++; do k++; while(k<5); print j, k}',
    '',
  ],
  ['BEGIN{for(;;) { if(++n > 3) break }; print n}', ''],
  ['BEGIN{if (1) print "a"; else print "b"}', ''],
  ['BEGIN{if (0)\nprint "a"\nelse if (1)\n{ print "b" }\nelse print "c"}', ''],
  [
    'BEGIN{switch("x") { case "a": print 1; break; case /x/: print 2; case 3: print 3; break; default: print 4 } switch(9) { case 1: print 1; default: print "d" }}',
    '',
  ],
  ['function f(n) { return n <= 1 ? 1 : n * f(n-1) } BEGIN { print f(10) }', ''],
  ['function f(a, i) { a[1] = 5; i = 3 } BEGIN { f(x, y); print x[1], y "" }', ''],
  [
    'function g(a) { a["k"] = 1 } function f(a) { g(a) } BEGIN { f(z); print length(z), z["k"] }',
    '',
  ],
  ['function f(x) { x = 5; return } BEGIN { y = 1; print f(y) "|" y }', ''],
  ['function f() { exit 4 } BEGIN { f(); print "no" } END { print "end" }', ''],
  ['function f() { next } { f(); print "no" } END { print NR }', letters],
  [
    'BEGIN{a[1];a[2];a[3]; delete a[2]; n=0; for(k in a) n+=k; print n; delete a; print length(a)}',
    '',
  ],
  // text functions
  [
    'BEGIN{print index("foobar","bar"), substr("hello",2,3), substr("hello",0,2), substr("hello",-1), substr("hello",4,100), substr("hello",1.5,2) "|" substr("hello",2,0) "|"}',
    '',
  ],
  [
    'BEGIN{s="aaa"; n=gsub(/a/,"b&b",s); print n, s; t="hello"; sub(/l+/,"[&]",t); print t; u="a.b.c"; gsub(/\\./,"\\\\&",u); print u; gsub("\\\\.","-",u); print u}',
    '',
  ],
  [
    'BEGIN{s="abc"; gsub(//,"-",s); print s; s="abc"; gsub(/x*/,"-",s); print s; s="aXbX"; print gsub(/X$/,"",s), s}',
    '',
  ],
  [
    'BEGIN{print gensub(/(a)(b)/,"\\\\2\\\\1","g","abab"), gensub(/a/,"x",2,"aaa"), gensub(/a/,"<&>\\\\0","G","banana")}',
    '',
  ],
  [
    'BEGIN{print match("foobar",/o+/), RSTART, RLENGTH; print match("x",/y/), RSTART, RLENGTH; match("key=val",/(\\w+)=(\\w+)/,m); print m[0], m[1], m[2], m[1,"start"], m[2,"length"]}',
    '',
  ],
  [
    'BEGIN{n=split("a:b:c",p,":"); print n, p[1], p[3]; n=split("  a  b ",p); print n, p[1]; n=split("",p); print n; n=split("abc",p,""); print n, p[2]; n=split("a1b22c",p,/[0-9]+/,s); print n, p[3], s[2]}',
    '',
  ],
  [
    'BEGIN{n=split("a.b.c",p,"."); print n; n=split("a|b",p,"|"); print n; n = split("a b", p, / /); print n}',
    '',
  ],
  ['BEGIN{print toupper("abc"), tolower("ABC"), sprintf("%03d-%s", 7, "x")}', ''],
  ['BEGIN{n=patsplit("ab12cd3",p,/[0-9]+/); print n, p[1], p[2]}', ''],
  [
    'BEGIN{print strtonum("0x1F"), strtonum("017"), strtonum("1e3"), strtonum("08"), int(3.9), int(-3.9), int("12abc")}',
    '',
  ],
  ['BEGIN{print and(12,10), or(12,10), xor(12,10), lshift(1,4), rshift(16,2)}', ''],
  [
    'BEGIN{printf "%.6f %.6f %.6f %.6f %.6f\\n", sin(1), cos(1), atan2(1,2), exp(1), log(10); print sqrt(2), atan2(0,-1)}',
    '',
  ],
  ['BEGIN{print rand(), rand(), srand(5), srand(7), rand(), srand(0), rand()}', ''],
  ['BEGIN{print typeof(x), typeof(1), typeof("a"), typeof(a[1]), typeof(a), typeof(/x/)}', ''],
  ['{print typeof($1)}', '1\na\n'],
  [
    'BEGIN{a[3]="c";a[1]="b";a[2]="a"; n=asort(a); for(i=1;i<=n;i++) print a[i]; b["z"];b["y"]; n=asorti(b,c); print c[1], c[2]}',
    '',
  ],
  ['BEGIN{PROCINFO["sorted_in"]="@ind_str_desc"; a["x"];a["z"];a["y"]; for(k in a) print k}', ''],
  [
    'BEGIN{print mktime("2026 11 20 23 33 36"), strftime("%Y-%m-%d %H:%M:%S", 0, 1), strftime("%j %a", 86400*59)}',
    '',
  ],
  // printf
  [
    'BEGIN{printf "%c%c %5.2f|%-5d|%05d|%+d|%x|%X|%o|%e|%g|%G|%i|%%|%s\\n", 65, "hello", 3.14159, 42, 42, 42, 255, 255, 8, 12345.678, 0.0001, 1e-10, 3.9, "x"}',
    '',
  ],
  [
    'BEGIN{printf "%*d|%-*d|%.*f|%5s|%-5s|%.2s|%5c|\\n", 5, 42, 5, 42, 2, 3.14159, "ab", "ab", "abc", "x"}',
    '',
  ],
  ['BEGIN{printf "%d %d %s %d %x\\n", 2^53, 1e20, 1e20, "0x1f", -5}', ''],
  [
    'BEGIN{printf "%#o %#x %.3d|%8.3d|% d|%5.1f|%.0f %.0f %.0f\\n", 8, 255, 5, 5, 5, -0.05, 0.5, 1.5, 2.5}',
    '',
  ],
  ['BEGIN{printf "%s %s %s\\n", 0.1+0.2, 1e100, 100}', ''],
  ['BEGIN{printf "%d %s\\n", "inf", "nan"; printf "%z\\n"; printf "%5%|%-3%|\\n"}', ''],
  ['BEGIN{printf "%2$s %1$s\\n", "a", "b"}', ''],
  ['BEGIN{printf "%s\\n"}', ''],
  ['BEGIN{printf("%s %s\\n", "a", "b"); printf "no newline"}', ''],
  // input
  ['{$3="c"; print; print NF}', 'a:b\n', '-F: -v OFS=-'],
  ['BEGIN{FS=","} {print $2}', 'a,b,c\n'],
  ['{print $2}', 'aXXbXc\n', '-FX'],
  ['{print $2, NF}', 'a  b\tc\n', "-F '[ \t]+'"],
  ['{print $2}', 'a|b|c\n', "-F'|'"],
  ['{print $2}', 'a\tb c\td\n', '-Ft'],
  ['{print $2}', 'a\tb c\td\n', "-F'\\t'"],
  ['{print NF, $2}', 'abc\n', '-v FS='],
  [
    'BEGIN{RS=""}{print NR": "$1"|"$NF"|"NF; for(i=1;i<=NF;i++) printf "<%s>",$i; print ""}',
    'a b\n\nc d\ne\n\n\n\nf\n',
  ],
  ['BEGIN{RS="";FS=":"}{print NR": "$1"|"$NF"|"NF}', '\na:b\nc\n\nd:e\n'],
  ['BEGIN{RS="[0-9]+"}{print $0, RT}', 'a1b22c'],
  ['BEGIN{RS=";"}{print NR": "$0}', 'a;b;c\n'],
  ['BEGIN{FPAT="([^,]+)|(\\"[^\\"]+\\")"}{print $2}', 'a,"b,c",d\n'],
  ['BEGIN{FIELDWIDTHS="2 3 *"}{print $2 "|" $3}', 'abcdefgh\n'],
  ['{ FS = ":" ; print $1 }', 'a:b c\nd:e f\n'],
  [
    'BEGIN { while ((getline line < "one") > 0) n += split(line, p); print n, NR; close("one"); getline < "one"; print $2; print (getline x < "nosuch") }',
    '',
  ],
  ['{ getline; print } END { print NR }', 'a\nb\nc\n'],
  ['{ getline x; print $0, x, NR }', 'a\nb\nc\n'],
  ['BEGIN{getline; print "first " $0} {print}', 'a\nb\n'],
  ['BEGIN{print length(ENVIRON["PATH"]) > 0, ARGC, ARGV[1], ARGV[2]}', '', '', 'x y=1'],
  ['BEGIN{printf "a" > "/dev/stderr"; print "b"}', ''],
  [
    '{print > $1 ".out"} END{close("a.out"); while((getline l < "a.out")>0) print "got " l}',
    'a 1\nb 2\na 3\n',
  ],
  ['BEGIN{print "x" >> "two"; close("two"); while((getline l < "two")>0) print l}', ''],
  ['{ print > "/nosuch/x" }', 'a\n'],
  ['{print toupper(substr($0,1,1)) substr($0,2)}', 'hello\nworld'],
  ['length > 3', 'ab\nabcd\n'],
  ['{print length, length $1}', 'ab cd\n'],
  ['BEGIN{OFS="-"; ORS="|"} {print $1,$2} END{$3="x"; print}', 'a b\n'],
  ['# comment\nBEGIN { x = 1 # more\n  y = x + \\\n  2; print y }\n', ''],
  ['BEGIN { print "a\\tb\\\\c\\"d\\101\\x41" }', ''],
  ['/\\/dev/ {print "yes"} /[/]/ {n++} END {print n}', '/dev\nx\n'],
  ['/^eth[0-9]+:/ && $2 > 10 || /lo/ { print $1 }', dev],
  ['$1=="a"{c++} {t++} END{print c+0 "/" t}', letters],
  ['{a[$1]++} END{for(k in a) print k, a[k]}', 'rx\ntx\nrx\neth0\neth1\nlo\n'],
  ['{a[NR]=$0} END{for(i=NR;i>0;i--) print a[i]}', letters],
  [
    'BEGIN{n=split("delta alpha echo bravo charlie foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu a b c d e f g h i j k l m n o p q r",q," "); for(i in q) x[q[i]]; for(i in x) printf "%s ", i; print ""}',
    '',
  ],
  [
    'BEGIN{n=split("5 100 7 1000 33 x y 2",q," "); for(i=1;i<=n;i++)x[q[i]]=1; for(i in x) printf "%s ", i; print ""}',
    '',
  ],
  ['BEGIN { while (i in a || i < 3) { i++ } print i }', ''],
  ['BEGIN { print substr("hello", 2); print(length("x") length("yy")) }', ''],
  ['BEGIN { "" ~ /^$/ ? x = 1 : x = 2; print x }', ''],
  ['BEGIN{a="x"; b = a ~ /x/ ? "m" : "n"; print b; print 1 in a2 ? 1 : 0}', ''],
  ['{ print ; }; END { ; }', 'x\n'],
  ['BEGIN { print 1,\n 2; x = 1 &&\n 0; print x }', ''],
  ['BEGIN { printf "%s\\n", 1e3; print 1e3 "", 0.000001, 123456789, 1234567890123456789 }', ''],
  // faults
  ['{print $1', ''],
  ['BEGIN{print 1/0}', ''],
  ['{print $1/$3}', '1 2 0\n'],
  ['{x[1]=1; print x}', 'a\n'],
  ['BEGIN{x=1; x[1]=2}', ''],
  ['BEGIN{f(1)}', ''],
  ['{print $(-1)}', 'a\n'],
  ['BEGIN{print substr("hello")}', ''],
  ['BEGIN{next}', ''],
  ['BEGIN{return 1}', ''],
  ['/[/', ''],
  ['"abc', ''],
  ['BEGIN{x="["; print "a" ~ x}', ''],
  ['1', '', '', 'nosuch'],
  ['1', '', '', 'one nosuch two'],
  ['BEGIN { getline x < "" }', ''],
];

const rows: Row[] = programs.map(([program, stdin, before = '', after = '']) => [
  `awk ${before} '${program}' ${after}`,
  stdin,
]);

describe('awk', () => {
  it.runIf(isHere('gawk', /GNU Awk 5/))('prints what GNU awk prints', () => {
    const gawk = rows.map(([typed, stdin]): Row => [typed.replace(/^awk/, 'gawk'), stdin]);
    compareAll({ gawk: awk }, gawk, files);
  });

  it('can be stopped in an endless loop', () => {
    expect(() => runTool(awk, ['awk', 'BEGIN{while(1);}'], { turns: 50 })).toThrow('did not end');
  });
});
