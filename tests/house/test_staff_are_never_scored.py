"""Staff are never scored by how they sound: what judges a voice is called in one place, and takes a customer's speech alone.

That no other sound than the customer's gets there is tested with sounds in `tests/voice/test_mood.py`; here is that there is
no other way.
"""

import ast

import pytest

from tests.house.modules import Module, modules

JUDGES = {"of_features", "of_sounds"}
TAKERS = {"mood", "overall"}
MADE_BY = {"customer_speech", "recording_of_a_customer"}
# a person who runs the command says whose voice is in the file; no other road may say so of a whole recording
SAYS_SO = {"voice/emotion_command.py"}
PRODUCT = [module for module in modules() if not module.path.startswith("voice/training/")]


def _calls(tree: ast.AST) -> set[str]:
    named = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {
        one.attr if isinstance(one, ast.Attribute) else one.id for one in named if isinstance(one, ast.Attribute | ast.Name)
    }


def _called_attributes(tree: ast.AST) -> set[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {one.attr for one in calls if isinstance(one, ast.Attribute)}


def _calls_from(module: Module, source: str) -> set[str]:
    """What a module calls of what it takes from another."""
    taken = {
        one.asname or one.name: one.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module == source
        for one in node.names
    }
    return {taken[name] for name in _calls(module.tree) if name in taken}


def _mentions(tree: ast.AST) -> set[str]:
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _functions(module: Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in module.tree.body if isinstance(node, ast.FunctionDef)}


@pytest.fixture(scope="module")
def judging() -> Module:
    (found,) = (module for module in PRODUCT if module.path == "voice/mood.py")
    return found


def test_the_model_is_asked_in_one_place() -> None:
    assert [module.path for module in PRODUCT if JUDGES & _mentions(module.tree)] == ["voice/mood.py"]
    files = [module.path for module in PRODUCT if "emotion.onnx" in ast.unparse(module.tree)]
    assert files == ["voice/emotion_model.py"]


def test_every_way_to_the_model_takes_a_customers_speech(judging: Module) -> None:
    functions = _functions(judging)
    asking = {name for name, one in functions.items() if JUDGES & _mentions(one)}
    while more := {name for name, one in functions.items() if asking & _calls(one)} - asking:
        asking |= more

    assert {name for name in asking if not name.startswith("_")} == TAKERS
    for name in asking:
        first = functions[name].args.args[0]
        assert first.annotation is not None
        assert ast.unparse(first.annotation) == "CustomerSpeech", name
    for name in TAKERS:
        assert "_of_a_customer(speech)" in ast.unparse(functions[name].body[1]), f"{name} looks at what it is given first"


def test_a_customers_speech_is_made_in_two_places_that_know_whose_it_is(judging: Module) -> None:
    makers = {name for name, one in _functions(judging).items() if "CustomerSpeech" in _calls(one)}

    assert makers == MADE_BY
    assert [module.path for module in PRODUCT if "CustomerSpeech" in _calls(module.tree)] == ["voice/mood.py"]
    assert {module.path for module in PRODUCT if "recording_of_a_customer" in _calls(module.tree)} <= SAYS_SO


def test_sound_is_read_for_a_piece_of_the_customers_speech_alone(judging: Module) -> None:
    functions = _functions(judging)

    assert {name for name, one in functions.items() if "sound" in _called_attributes(one)} == {"_sound_of"}
    assert {name for name, one in functions.items() if "_sound_of" in _mentions(one)} == {"_pieces", "_echoes"}
    assert {name for name, one in functions.items() if {"tracks", "statistics", "hearings"} & _calls(one)} == {"_told"}
    assert {name for name, one in functions.items() if "_pieces" in _mentions(one)} == MADE_BY
    assert [module.path for module in PRODUCT if "Piece" in _calls_from(module, "voice.mood")] == []
    assert {name for name, one in functions.items() if "Piece" in _calls(one)} == {"_pieces"}


def test_private_ways_are_not_taken_from_outside() -> None:
    reaching = [
        module.path
        for module in PRODUCT
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom)
        and node.module == "voice.mood"
        and any(one.name.startswith("_") for one in node.names)
    ]
    assert reaching == []
