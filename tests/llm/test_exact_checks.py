"""Numbers, months and names that a claim changes are found; what is only written differently is not."""

import pytest

from docqa.llm.exact_checks import changed_details, is_altered_copy, numbers

TEXT = "In March 2019 Acme Widgets of Trondheim sold 12,450 units for $3.50 each to three dealers."


@pytest.mark.parametrize(
    ("claim", "changed"),
    [
        ("Acme sold 12,450 units.", ()),
        ("Acme sold 12450 units.", ()),
        ("Each cost $3.5.", ()),
        ("It sold them to 3 dealers.", ()),
        ("Acme sold 12,540 units.", ("12,540",)),
        ("Acme sold them in 2018.", ("2018",)),
        ("They were sold in April 2019.", ("April",)),
        ("The firm of Bergen sold 12,450 units.", ("Bergen",)),
        ("The Acme company sold units.", ()),
        ("Acme's units cost $3.50.", ()),
    ],
)
def test_details_that_the_text_does_not_hold_are_named(claim: str, changed: tuple[str, ...]) -> None:
    assert changed_details(claim, TEXT) == changed


def test_a_number_counts_the_same_with_and_without_separators_and_in_words() -> None:
    assert numbers("1,250.50 and seven") == {"1250.5", "7"}


def test_a_number_inside_a_word_is_no_number() -> None:
    assert changed_details("It uses HTML5 and x86.", "Nothing of the kind.") == ("HTML5",)


def test_a_number_may_stand_right_behind_a_character_of_east_asia() -> None:
    assert changed_details("租约于2028年5月31日终止", "租约将于2027年5月31日终止。") == ("2028",)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Der Damm wurde 1950 nicht geschlossen.", "Der Damm wurde 1950 geschlossen."),
        ("Le barrage est jamais fermé en hiver.", "Le barrage est fermé en hiver."),
        ("The dam is open daily.", "The dam is open daily except Mondays."),
    ],
)
def test_negations_are_known_in_other_languages(claim: str, text: str) -> None:
    assert is_altered_copy(claim, text)


@pytest.mark.parametrize(
    ("claim", "altered"),
    [
        ("The dam was closed for repairs in 1950.", False),
        ("The dam was not closed for repairs in 1950.", True),
        ("The dam was closed for repairs in 1962.", True),
        ("The keeper had slept that night.", True),
        ("The keeper had not slept.", False),
        ("Repairs began in 1962 when nobody expected them.", False),
    ],
)
def test_a_copy_with_another_number_or_negation_is_told(claim: str, altered: bool) -> None:
    text = "The dam was closed for repairs in 1950. The keeper had not slept that night. A road was built in 1962."
    assert is_altered_copy(claim, text) is altered
