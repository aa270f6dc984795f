"""`parley bench [NAMES…]`: runs the benchmarks and prints each figure beside what it is compared with."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
# run as a script, this folder would stand in front, and its intents.py in the place of the package
sys.path[:] = [str(ROOT), *(place for place in sys.path if Path(place or ".").resolve() != ROOT / "bench")]

from bench import (  # noqa: E402
    against_whisper,
    decisions,
    emotion,
    found,
    intents,
    many,
    people,
    policy,
    public,
    road,
    slots,
    start,
    table,
    voice,
)


def _public(one: public.Set) -> Callable[[argparse.Namespace], table.Result]:
    return lambda asked: public.measure(one, asked.text, asked.base)


def main() -> None:
    benchmarks: dict[str, Callable[[argparse.Namespace], table.Result | list[table.Result]]] = {
        "intents": lambda asked: intents.measure(asked.encoder, asked.whole),
        **{one.name: _public(one) for one in public.SETS},
        "found": lambda asked: found.measure(asked.text, asked.embedding),
        "many": lambda asked: many.measure(asked.text, asked.embedding, asked.real),
        "emotion": lambda asked: emotion.measure(asked.audio),
        "slots": lambda asked: slots.measure(),
        "policy": lambda asked: policy.measure(),
        "decisions": lambda asked: asyncio.run(decisions.measure()),
        "voice": lambda asked: voice.measure(asked.speech),
        "people": lambda asked: people.measure(asked.speech, asked.whisper),
        "whisper": lambda asked: against_whisper.measure(asked.speech, asked.whisper, asked.runs),
        "start": lambda asked: asyncio.run(start.measure()),
        "road": lambda asked: asyncio.run(road.measure(asked.messages, asked.rate, asked.keep)),
    }
    parser = argparse.ArgumentParser(prog="parley bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(benchmarks)}; all when none is given")
    parser.add_argument("--messages", type=int, default=2000, help="how many messages the road gets")
    parser.add_argument("--rate", type=float, default=40.0, help="messages a second")
    parser.add_argument("--keep", type=Path, help="a new folder that keeps the home and the log of the road")
    parser.add_argument("--encoder", type=Path, help="a general sentence encoder (MiniLM, …) whose neighbours also read")
    parser.add_argument("--whole", type=Path, help="what `parley intents train --keep-whole` kept, to set beside int8")
    parser.add_argument("--text", type=Path, default=public.TEXT, help="the folder with the public sets")
    parser.add_argument("--audio", type=Path, default=emotion.AUDIO, help="the folder with the corpora of acted speech")
    parser.add_argument("--embedding", help="another embedding model than the shipped one, a folder or a name")
    parser.add_argument("--real", action="store_true", help="many: real vectors of the passages, which takes minutes")
    parser.add_argument("--speech", type=Path, default=voice.SPEECH, help="voice: a folder with real speech, *.flac")
    parser.add_argument("--whisper", type=Path, default=against_whisper.SHIPPED, help="the folder of another speech model")
    parser.add_argument("--runs", type=int, default=against_whisper.RUNS, help="whisper: over how many the median is taken")
    parser.add_argument("--base", type=Path, default=public.BASE, help="the encoder that is tuned on them")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in benchmarks]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(benchmarks)}")
    for name, run in benchmarks.items():
        if not asked.names or name in asked.names:
            results = run(asked)
            table.show(results if isinstance(results, list) else [results])


if __name__ == "__main__":
    main()
