"""How an evidence file looks: on a screen by day and by night, and on paper."""

from __future__ import annotations

STYLE = """
:root{--paper:#fff;--ink:#1c2430;--soft:#5a6575;--line:#d9dfe7;--card:#f7f9fb;--link:#1d5fa8;
--good:#116b3a;--good-back:#dcf3e4;--fair:#7a5200;--fair-back:#fdf0cf;--bad:#a01c1c;--bad-back:#fbe0df;--mark:#ffe978}
@media(prefers-color-scheme:dark){:root{--paper:#14181e;--ink:#e3e8ee;--soft:#9aa6b4;--line:#323b46;--card:#1c222a;
--link:#7db6f2;--good:#8fdcae;--good-back:#15382a;--fair:#f0cf85;--fair-back:#3f3212;--bad:#f5a6a2;--bad-back:#471d1d;
--mark:#6b5a12}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:54rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.55rem;line-height:1.25;margin:.2rem 0 .8rem}
h2{font-size:1.05rem;margin:2.2rem 0 .8rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
.kicker{margin:0;color:var(--soft);font-size:.8rem;letter-spacing:.08em;text-transform:uppercase}
.badges{display:inline-flex;flex-wrap:wrap;gap:.35rem;margin:0}
.badge{display:inline-block;padding:.05rem .55rem;border-radius:1rem;font-size:.78rem;line-height:1.6;
border:1px solid var(--line);color:var(--soft);overflow-wrap:anywhere}
.badge.good{background:var(--good-back);color:var(--good);border-color:transparent}
.badge.fair{background:var(--fair-back);color:var(--fair);border-color:transparent}
.badge.bad{background:var(--bad-back);color:var(--bad);border-color:transparent}
.answer{margin-top:1.4rem;padding:.4rem 1.2rem;border-left:4px solid var(--link);background:var(--card);
font-size:1.1rem}
.mark{display:inline-block;min-width:1.35em;padding:0 .35em;margin-right:.2em;border-radius:.7em;background:var(--link);
color:var(--paper);font-size:.72rem;line-height:1.5;text-align:center;text-decoration:none;vertical-align:.25em}
.mark.bad{background:var(--bad)}
figure{margin:0 0 1.1rem;border:1px solid var(--line);border-radius:.5rem;overflow:hidden;background:var(--card)}
figure:target{outline:3px solid var(--link)}
figcaption{display:flex;flex-wrap:wrap;align-items:center;gap:.3rem .6rem;padding:.6rem .9rem}
figcaption .number{min-width:1.6em;padding:0 .4em;border-radius:.8em;background:var(--link);color:var(--paper);
font-size:.82rem;text-align:center}
figcaption .badges{margin-left:auto}
figure img{display:block;width:auto;max-width:100%;margin:0 auto;border-top:1px solid var(--line);background:#fff}
blockquote{margin:0;padding:.7rem .9rem;border-top:1px solid var(--line);color:var(--soft);font-size:.92rem;
overflow-wrap:anywhere}
blockquote.rows{white-space:pre-wrap}
mark{background:var(--mark);color:var(--ink);padding:.05em .1em}
.alarm{margin:0;padding:.5rem .9rem;background:var(--bad-back);color:var(--bad);font-weight:600}
.note{color:var(--soft);font-size:.9rem}
ul{padding-left:1.2rem}li{margin:.25rem 0}li p{margin:.2rem 0}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.6rem 0;font-size:.88rem}
th,td{padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;
overflow-wrap:anywhere}
th{color:var(--soft);font-weight:600}
code{font-size:.88em}
@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--card:#fff;--link:#1d5fa8;--good:#116b3a;
--good-back:#dcf3e4;--fair:#7a5200;--fair-back:#fdf0cf;--bad:#a01c1c;--bad-back:#fbe0df;--mark:#ffe978}
body{font-size:11pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}main{max-width:none;padding:0}
figure,tr,.answer p{break-inside:avoid}h2{break-after:avoid}}
"""
