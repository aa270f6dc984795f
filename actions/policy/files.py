"""Which files make a policy: one file with what stands beside it, or a folder; as texts, so that each version can be kept.

Beside the rules lie the rates, the hours, the holidays, the reviews, how recordings are kept and where calls are sent; where
one is missing, the shipped one counts. The packs that are switched on are part of the texts, under `packs/NAME/`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps
from pathlib import Path, PurePosixPath

from actions.policy.dispatch import SHIPPED_DISPATCH
from actions.policy.hours import SHIPPED_HOLIDAYS, SHIPPED_HOURS
from actions.policy.rates import SHIPPED_RATES
from actions.policy.recordings import SHIPPED_RECORDINGS
from actions.policy.reviews import SHIPPED_REVIEWS

SHIPPED_POLICY = Path(__file__).with_name("policy.yaml")
SHIPPED_PACKS = Path(__file__).with_name("packs")
BESIDE = {
    "rates.yaml": SHIPPED_RATES,
    "hours.yaml": SHIPPED_HOURS,
    "holidays.yaml": SHIPPED_HOLIDAYS,
    "reviews.yaml": SHIPPED_REVIEWS,
    "recordings.yaml": SHIPPED_RECORDINGS,
    "dispatch.yaml": SHIPPED_DISPATCH,
}
"""What stands beside the rules, and what counts where it does not."""
NO_RULES = frozenset({*BESIDE, "breakers.yaml"})
CASES = ".cases.yaml"
PACKS = "packs"
LARGEST = 1_000_000
"""Bytes of one file: nobody writes more by hand."""


@dataclass(frozen=True)
class Files:
    """The texts of a policy by name (`policy.yaml`, `packs/eu-gdpr/policy.yaml`), and where each was read, to be told."""

    texts: Mapping[str, str]
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Names what is in force: a hash of every text."""
        return sha256(dumps(dict(self.texts), sort_keys=True).encode()).hexdigest()[:12]

    def place(self, name: str) -> str:
        return self.places.get(name, name)

    def rules(self) -> list[str]:
        """The names of the files that hold rules, packs left out."""
        return sorted(name for name in self.texts if "/" not in name and name not in NO_RULES)

    def packs(self) -> list[str]:
        """The names of the packs that are switched on."""
        return sorted({PurePosixPath(name).parts[1] for name in self.texts if name.startswith(f"{PACKS}/")})

    def of_pack(self, pack: str) -> "Files":
        """The texts of one pack by their own names."""
        start = f"{PACKS}/{pack}/"
        names = {name.removeprefix(start): name for name in self.texts if name.startswith(start)}
        return Files(
            {own: self.texts[name] for own, name in names.items()}, {own: self.place(name) for own, name in names.items()}
        )

    def with_pack(self, pack: str, files: "Files") -> "Files":
        start = f"{PACKS}/{pack}/"
        return Files(
            {**self.texts, **{start + name: text for name, text in files.texts.items()}},
            {**self.places, **{start + name: files.place(name) for name in files.texts}},
        )


def files_at(path: Path) -> Files:
    """The policy at a path, without packs. Raises ValueError, one line a problem."""
    try:
        if path.is_dir():
            rules = [one for one in sorted(path.glob("*.yaml")) if _holds_rules(one.name)]
            folder = path
        else:
            rules, folder = [path], path.parent
        if not rules:
            raise ValueError(f"{path}: there is no policy file (*.yaml) in this folder")
        beside = {name: one if (one := folder / name).is_file() else shipped for name, shipped in BESIDE.items()}
        found = {("policy.yaml" if one == path else one.name): one for one in rules} | beside
    except OSError as error:
        raise ValueError(f"{path}: cannot be read") from error
    return _read(found)


def pack_at(folder: Path) -> Files:
    """The texts of a pack's folder. Raises ValueError."""
    try:
        found = {one.name: one for one in sorted(folder.glob("*.yaml")) if not one.name.endswith(CASES)}
    except OSError as error:
        raise ValueError(f"{folder}: cannot be read") from error
    if "pack.yaml" not in found:
        raise ValueError(f"{folder}: a pack is a folder with a pack.yaml")
    return _read(found)


def pack_folders(path: Path) -> dict[str, Path]:
    """Every pack there is by name: those shipped, and those in the folder `packs` beside the policy, which come first."""
    own = (path if path.is_dir() else path.parent) / PACKS
    found: dict[str, Path] = {}
    for place in (SHIPPED_PACKS, own):
        if place.is_dir():
            found |= {one.name: one for one in sorted(place.iterdir()) if (one / "pack.yaml").is_file()}
    return dict(sorted(found.items()))


def files_in_force(path: Path, packs: Iterable[str]) -> Files:
    """The policy at a path with these packs switched on. Raises ValueError."""
    files, there = files_at(path), pack_folders(path)
    for pack in packs:
        if pack not in there:
            raise ValueError(f"{path}: the pack {pack} is switched on, but there is none of this name")
        files = files.with_pack(pack, pack_at(there[pack]))
    return files


def case_files(path: Path, packs: Iterable[str] = ()) -> list[Path]:
    """The files of cases beside a policy, and in the packs that are switched on."""
    folders = [path if path.is_dir() else path.parent]
    there = pack_folders(path)
    folders += [there[pack] for pack in packs if pack in there]
    return [one for folder in folders for one in sorted(folder.glob(f"*{CASES}"))]


def _holds_rules(name: str) -> bool:
    return name not in NO_RULES and not name.endswith(CASES)


def _read(found: Mapping[str, Path]) -> Files:
    texts, problems = {}, []
    for name, one in found.items():
        try:
            if one.stat().st_size > LARGEST:
                problems.append(f"{one}: is larger than {LARGEST} bytes")
                continue
            texts[name] = one.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            problems.append(f"{one}: cannot be read")
    if problems:
        raise ValueError("\n".join(problems))
    return Files(texts, {name: str(one) for name, one in found.items()})
