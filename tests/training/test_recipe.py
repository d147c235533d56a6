"""Recipes: what is not valid is refused by its word, and the bundled networks have theirs."""

import pytest

from faceguard.domain.errors import FaceguardError
from faceguard.models.cards import read_cards
from faceguard.training.recipe import STUDENTS, Recipe, read_recipes


def test_an_option_that_is_left_out_is_as_the_student_has_it():
    recipe = Recipe(student="landmarks", steps=5)
    assert recipe.option("width") == 24
    assert Recipe(student="landmarks", steps=5, options={"width": 8}).option("width") == 8


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"student": "painter", "steps": 1}, "no student 'painter'"),
        ({"student": "encoder", "steps": 1, "options": {"wdith": 3}}, "no option 'wdith'"),
        ({"student": "encoder"}, "how many steps"),
        ({"student": "encoder", "steps": 1, "batch": 1}, "batch"),
        ({"student": "encoder", "steps": 1, "rate": 0.0}, "learning rate"),
    ],
)
def test_a_wrong_recipe_is_refused(fields, words):
    with pytest.raises(FaceguardError, match=words):
        Recipe(**fields)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[recipe]", "cannot be read"),
        ("[[recipe]]\nsteps = 3", "name a student"),
        ('[[recipe]]\nstudent = "encoder"\nsteps = 3\ncolour = 1', "no key 'colour'"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, text, words):
    path = tmp_path / "recipes.toml"
    path.write_text(text)
    with pytest.raises(FaceguardError, match=words):
        read_recipes(path)


def test_every_bundled_network_has_a_recipe_and_every_recipe_a_network(project):
    recipes = read_recipes(project / "models" / "recipes.toml")
    cards = {card.id: card for card in read_cards(project / "models" / "cards.toml")}
    assert {recipe.card for recipe in recipes} == set(cards)
    for recipe in recipes:
        assert recipe.student in STUDENTS
        assert cards[recipe.card].task.value == recipe.student
        assert recipe.teachers
        assert recipe.note
