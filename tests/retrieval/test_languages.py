"""Language detection, and how words become terms."""

from __future__ import annotations

import subprocess
import sys

import pytest

from docqa.retrieval.languages import Analyser, detect_language, question_language
from docqa.retrieval.stopwords import languages, stopwords

SAMPLES = {
    "en": "The report shows that the costs of the project were higher than in the year before and will rise.",
    "de": "Der Bericht zeigt, dass die Kosten des Projekts höher waren als im Jahr davor und wieder steigen.",
    "fr": "Le rapport montre que les coûts du projet étaient plus élevés que pour l'année précédente.",
    "es": "El informe muestra que los costes del proyecto fueron más altos que en el año anterior y no van a bajar.",
    "it": "La relazione mostra che i costi del progetto erano più alti di quelli dell'anno prima e non sono scesi.",
    "pt": "O relatório mostra que os custos do projeto foram mais altos do que no ano anterior e não vão descer.",
    "nl": "Het verslag laat zien dat de kosten van het project hoger waren dan in het jaar daarvoor.",
    "sv": "Rapporten visar att kostnaderna för projektet var högre än året innan och att de inte kommer att sjunka.",
    "da": "Rapporten viser, at udgifterne til projektet var højere end året før, og at de ikke bliver lavere.",
    "no": "Rapporten viser at kostnadene for prosjektet var høyere enn året før, og at de ikke blir lavere.",
    "fi": "Raportti osoittaa, että hankkeen kustannukset olivat korkeammat kuin edellisenä vuonna ja ne eivät laske.",
    "pl": "Raport pokazuje, że koszty projektu były wyższe niż w roku poprzednim i nie będą się zmniejszać.",
    "cs": "Zpráva ukazuje, že náklady na projekt byly vyšší než v předchozím roce a že se nebudou snižovat.",
    "tr": "Rapor, projenin maliyetinin bir önceki yıla göre daha yüksek olduğunu ve bunun için çok neden var diyor.",
    "ru": "Отчёт показывает, что расходы на проект были выше, чем в прошлом году, и не будут снижаться.",
    "uk": "Звіт показує, що витрати на проєкт були вищі, ніж у минулому році, і не будуть зменшуватися.",
    "el": "Η έκθεση δείχνει ότι το κόστος του έργου ήταν υψηλότερο από το προηγούμενο έτος.",
    "ar": "يظهر التقرير أن تكاليف المشروع كانت أعلى من العام السابق ولن تنخفض في هذا العام.",
    "fa": "گزارش نشان می‌دهد که هزینه‌های پروژه از سال گذشته بیشتر بوده است و کم نخواهد شد.",
    "he": "הדוח מראה כי עלות הפרויקט הייתה גבוהה יותר מאשר בשנה שעברה.",
    "hi": "रिपोर्ट से पता चलता है कि परियोजना की लागत पिछले वर्ष से अधिक थी।",
    "zh": "报告显示，该项目的成本高于上一年。",
    "ja": "報告書によると、プロジェクトの費用は前年より高かった。",
    "ko": "보고서에 따르면 프로젝트 비용이 전년도보다 높았다.",
    "th": "รายงานแสดงให้เห็นว่าต้นทุนของโครงการสูงกว่าปีก่อน",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_one_sentence_shows_its_language(language: str) -> None:
    assert detect_language([SAMPLES[language]]) == language


@pytest.mark.parametrize("text", ["", "12 345 67.8", "Zxcv qwerty asdf ghjk", "Name\tRole\nAda Quill\tTreasurer"])
def test_a_text_that_shows_no_language_has_none(text: str) -> None:
    assert detect_language([text]) == ""


def test_the_language_of_most_pages_wins_over_the_first_page() -> None:
    assert detect_language([SAMPLES["en"], *[SAMPLES["de"]] * 5]) == "de"


@pytest.mark.parametrize(
    ("question", "documents", "language"),
    [
        ("What was the revenue of Norway?", [""], "en"),
        ("What was the revenue of Norway?", ["id"], "en"),
        ("When was the Stadtbibliothek opened?", ["de"], "en"),
        ("Wer war der Architekt?", ["en", "de"], "de"),
        ("Why did the bird die?", ["en", "de"], "en"),
        ("Who designed La Scala de Milan in El Paso?", ["en"], "en"),
        ("revenue 2021", ["fr"], "fr"),
        ("建筑师是谁？", ["zh"], "zh"),
    ],
)
def test_the_language_of_a_question_shows_in_its_function_words(
    question: str, documents: list[str], language: str
) -> None:
    assert question_language(question, documents) == language


def test_stopwords_are_casefolded_words() -> None:
    for language in languages():
        assert all(word == word.casefold() and word.strip() for word in stopwords(language))


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "1,821", "1821"),
        ("en", "1,821.50", "1821.50"),
        ("de", "1.821,5", "1821,5"),
        ("hi", "1,23,456", "१२३४५६"),
        ("en", "naïve résumés", "naive resume"),
        ("en", "ＡＢＣ ①", "abc 1"),
        ("en", "John's", "john"),
        ("en", "don’t", "don't"),
        ("en", "U.S.", "US"),
        ("en", "running", "runs"),
        ("de", "Häuser", "Hauser"),
        ("de", "Straße", "STRASSE"),
        ("fr", "l’hôpital", "hopital"),
        ("tr", "İSTANBUL", "istanbul"),
        ("ru", "ещё", "еще"),
        ("ar", "الكِتَابُ", "الكتاب"),
        ("ar", "كتـــاب", "كتاب"),
        ("he", "שָׁלוֹם", "שלום"),
        ("el", "ΕΡΓΟΥ", "έργου"),
        ("cs", "příliš", "prilis"),
    ],
)
def test_spellings_of_one_word_are_one_term(language: str, one: str, other: str) -> None:
    analyser = Analyser(language)
    assert analyser.terms(one) == analyser.terms(other) != []


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("en", "3.5", "35"), ("de", "1.821", "1,821"), ("sv", "för", "far"), ("en", "10", "1.0")],
)
def test_words_that_differ_in_meaning_stay_apart(language: str, one: str, other: str) -> None:
    assert Analyser(language).terms(one) != Analyser(language).terms(other)


def test_a_compound_is_found_by_its_parts_and_in_one_word() -> None:
    terms = Analyser("en").terms("a well-known 10-K")
    assert {"well", "known", "wellknown", "10", "k", "10k"} <= set(terms)


def test_unspaced_scripts_give_pairs_of_characters_and_the_characters() -> None:
    assert Analyser("zh").terms("北京市") == ["北京", "京市", "北", "京", "市"]
    assert Analyser("zh").terms("人") == ["人"]


def test_a_language_without_a_stemmer_keeps_its_words() -> None:
    assert Analyser("bg").terms("Разходите на проекта") == ["разходите", "на", "проекта"]


def test_importing_the_module_loads_no_stemmer() -> None:
    code = "import sys, docqa.retrieval.languages; sys.exit('Stemmer' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0
