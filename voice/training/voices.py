"""Who speaks: the variants of espeak-ng that the model learns from, and those that it never hears before it is judged."""

import random
from typing import Final

from voice.training.speak import ENGLISH, Voice

# judged by, never trained on; women and men, and none with a sister voice among the others
UNSEEN: Final = ("f4", "belinda", "Alicia", "m6", "paul", "zac")
# the speakers of the recordings that the tests keep: neither trained on nor used to choose anything
KEPT: Final = ("Annie", "john")
LEARNT: Final = (
    *("Alex", "Andrea", "Andy", "Denis", "Diogo", "Gene", "Gene2", "Henrique", "Hugo", "Jacky", "Lee", "Marco", "Mario"),
    *("Michael", "Mike", "Nguyen", "RicishayMax", "RicishayMax2", "RicishayMax3", "Storm", "adam", "anika", "announcer"),
    *("antonio", "aunty", "benjamin", "boris", "caleb", "croak", "david", "ed", "edward", "edward2", "f1", "f2", "f3"),
    *("f5", "fast", "grandma", "grandpa", "gustave", "iven", "iven2", "iven3", "iven4", "kaukovalta", "klatt", "klatt2"),
    *("klatt3", "klatt4", "klatt5", "klatt6", "linda", "m1", "m2", "m3", "m4", "m5", "m7", "m8", "marcelo", "max", "michel"),
    *("miguel", "norbert", "pablo", "pedro", "quincy", "rob", "robert", "robosoft3", "sandro", "shelby", "steph", "steph2"),
    *("steph3", "travis", "victor"),
)
# these sound most like people on a telephone and are drawn more often
_PLAIN: Final = (
    "f1",
    "f2",
    "f3",
    "f5",
    "m1",
    "m2",
    "m3",
    "m4",
    "m5",
    "m7",
    "m8",
    "Andy",
    "Gene",
    "linda",
    "steph",
    "Lee",
    "max",
)


def learnt_voice(rng: random.Random, lang: str) -> Voice:
    """A voice to learn from, with a speed, a pitch and an accent of its own."""
    return _voice(rng, lang, rng.choice(_PLAIN if rng.random() < 0.35 else LEARNT))


def unseen_voice(rng: random.Random, lang: str) -> Voice:
    """A voice to be judged by."""
    return _voice(rng, lang, rng.choice(UNSEEN))


def _voice(rng: random.Random, lang: str, variant: str) -> Voice:
    return Voice(
        variant=variant,
        accent=rng.choice(ENGLISH if rng.random() < 0.7 else ENGLISH[:3]),
        speed=rng.randint(145, 225) if lang == "zh" else rng.randint(135, 200),
        pitch=rng.randint(22, 78),
        spread=rng.randint(25, 75),
        loudness=rng.randint(80, 130),
    )
