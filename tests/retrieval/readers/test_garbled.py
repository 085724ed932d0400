"""Garbled text is told from code, tables, formulas and foreign languages."""

from __future__ import annotations

import codecs
import random
import string
import time

import pytest

from docqa.retrieval.readers.garbled import garbled_score, is_garbled

ENGLISH = (
    "The lagoon was closed by a breakwater of three kilometres, and in its middle stands the powerhouse. At high "
    "water the gates are shut while the sea outside goes down; when the difference in level has grown enough, the "
    "turbines start and run for some hours. The operator may ask for a shift of the times, which costs little "
    "energy and earns a fee. In winter the crews can work on few days only, because the current must be slow and "
    "the waves must be low before a nacelle is lifted. Every part that comes ashore is cleaned, measured and "
    "written down, so that wear can be followed from one overhaul to the next. The oldest blades had been worn by "
    "sand more quickly than anybody expected. "
)
LANGUAGES = {
    "German": "Der Damm schützt den Hafen, und die Schleusenwärter prüfen jeden Morgen die Höhe des Wassers. ",
    "French": "La digue protège le port, et chaque matin les éclusiers mesurent la hauteur de l'eau. ",
    "Polish": "Grobla chroni przystań, a strażnicy śluzy każdego ranka sprawdzają wysokość wody. ",
    "Czech": "Hráz chrání přístav a strážci plavební komory každé ráno měří výšku vody. ",
    "Finnish": "Pato suojaa satamaa, ja sulkujen vartijat mittaavat joka aamu veden korkeuden. ",
    "Hungarian": "A gát védi a kikötőt, és a zsilipőrök minden reggel megmérik a víz magasságát. ",
    "Turkish": "Set limanı korur ve kapak bekçileri her sabah suyun yüksekliğini ölçer. ",
    "Welsh": "Mae'r morglawdd yn gwarchod yr harbwr, ac mae'r ceidwaid yn mesur uchder y dŵr bob bore. ",
    "Vietnamese": "Con đê bảo vệ bến cảng, và mỗi buổi sáng người gác cống đo mực nước. ",
    "Russian": "Плотина защищает гавань, и каждое утро сторожа шлюза измеряют высоту воды. ",
    "Greek": "Το φράγμα προστατεύει το λιμάνι και κάθε πρωί οι φύλακες μετρούν το ύψος του νερού. ",
    "Arabic": "السد يحمي الميناء، وفي كل صباح يقيس الحراس ارتفاع الماء. ",
    "Hebrew": "הסכר מגן על הנמל, ובכל בוקר השומרים מודדים את גובה המים. ",
    "Hindi": "बाँध बंदरगाह की रक्षा करता है और हर सुबह पहरेदार पानी की ऊँचाई नापते हैं। ",
    "Thai": "เขื่อนปกป้องท่าเรือ และทุกเช้าผู้ดูแลจะวัดระดับน้ำ ",
    "Chinese": "堤坝保护着港口，每天早晨看守人都要测量水的高度。",
    "Japanese": "堤防は港を守り、番人は毎朝水の高さを測ります。",
    "Korean": "둑은 항구를 지키고 문지기는 매일 아침 물의 높이를 잰다. ",
}
UNUSUAL = {
    "code": "def lift(nacelle, *, at=0.8):\n    for k, v in self._rows[1:]:\n        x |= {k: (v ** 2) % 7}\n" * 9,
    "table": "Revenue\t$ 1,204\t(5.3) %\nCosts\t(904)\t2.1 %\nSurplus\t$ 300\t\u2014\n" * 20,
    "contents": "1 Introduction ........................ 3\n2 Method ______________________ 14\n" * 12,
    "chemistry": "1,3,7-trimethylxanthine, N-acetyl-p-aminophenol, dichlorodiphenyltrichloroethane, CH3(CH2)4COOH; "
    * 9,
    "protein": "MKVLAAGIVGLCAKTYWQPSDNEHHQRWMTTASDLLQWERTYIPASDFGHKLCVNM\n" * 20,
    "mathematics": "∀x∈ℝ ∃δ>0: |f(x)−f(y)|<ε ⇒ ∑ᵢ αᵢ ≤ ∫₀¹ g(t) dt ≈ π²/6 ± 0.5·10⁻³\n" * 12,
    "acronyms": "NHTSA FMVSS DOT EPA OECD WTO GATT NATO UNHCR IMF IBRD MIGA ICSID UNCTAD ITU WMO IMO\n" * 12,
    "identifiers": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0bd822cd1 /usr/lib/xqvz.so.3 b64=Qk9XVg==\n" * 9,
    "json": '{"a":[1,2,{"b":null}],"c":"d","e":{"f":[true,false]}},' * 30,
    "bullets of an icon font": "\uf0b7 The first point is this one\n\uf0b7 and the second is that one\n" * 12,
    "soft hyphens of PDFium": ENGLISH.replace("er", "e\ufffer").replace("in", "i\x02n"),
    "few words": "qzxvj kwq",
    "nothing": "",
}


def substituted(text: str, seed: int) -> str:
    """The text with its letters exchanged at random, capitals like small ones."""
    letters = list(string.ascii_lowercase)
    random.Random(seed).shuffle(letters)
    table = "".join(letters)
    return text.translate(str.maketrans(string.ascii_letters, table + table.upper()))


DAMAGED = {
    "replacement marks": ENGLISH.replace("e", "\ufffd"),
    "private use": "".join(chr(0xE000 + ord(c)) if c.isalpha() else c for c in ENGLISH),
    "unassigned": ENGLISH.replace("e", "\U000e0999"),
    "control codes": "".join(chr(ord(c) - 29) if c > " " else "\x03" for c in ENGLISH),
    "cid": "(cid:12)(cid:7)(cid:31) (cid:5)(cid:44) " * 20,
    "some cid": ENGLISH.replace("e", "(cid:99)"),
    "signs": "".join(chr(33 + "etaoinshrdlucmfwypvbgkqjxz".index(c.lower())) if c.isalpha() else c for c in ENGLISH),
    "letters moved by one": "".join(chr(ord(c) + 1) if c.isalpha() else c for c in ENGLISH),
    "rotated by 13": codecs.encode(ENGLISH, "rot13"),
    "Cyrillic as Latin-1": (LANGUAGES["Russian"] * 4).encode("cp1251").decode("latin-1"),
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=list(DAMAGED))
def test_damaged_text_is_garbled(text: str) -> None:
    assert is_garbled(text)


@pytest.mark.parametrize("text", [*LANGUAGES.values(), ENGLISH], ids=[*LANGUAGES, "English"])
def test_no_language_is_garbled(text: str) -> None:
    assert garbled_score(text * 20) < 0.3


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=list(UNUSUAL))
def test_unusual_text_is_not_garbled(text: str) -> None:
    assert not is_garbled(text)


def test_nearly_every_substitution_of_letters_is_found() -> None:
    assert sum(is_garbled(substituted(ENGLISH, seed)) for seed in range(100)) >= 85


def test_glyphs_without_any_unicode_value_count() -> None:
    assert not is_garbled(ENGLISH, n_unmapped=10)
    assert is_garbled(ENGLISH, n_unmapped=200)
    assert is_garbled("", n_unmapped=50)


def test_a_few_bad_characters_do_not_spoil_a_page() -> None:
    assert not is_garbled(ENGLISH * 3 + "\ufffd" * 5)


def test_the_score_grows_with_the_damage() -> None:
    scores = [garbled_score(ENGLISH + "\ufffd" * n) for n in (0, 10, 40, 400)]
    assert scores == sorted(scores)
    assert scores[-1] == 1.0


def test_a_page_takes_a_fraction_of_a_millisecond() -> None:
    text = ENGLISH * 5
    best = min(_seconds(text) for _ in range(20))
    assert best < 0.002


def _seconds(text: str) -> float:
    start = time.process_time()
    is_garbled(text)
    return time.process_time() - start
