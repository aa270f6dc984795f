"""The station `understand`: text in, Understanding out; a plain function without I/O, safe in many threads."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from intents.added import Neighbours, read_added, vectors_of
from intents.dictionary import OUT_OF_SCOPE, Dictionary, Intent, load_dictionary
from intents.features import LONGEST_READ, normalise
from intents.feelings import Feelings
from intents.language import language_of
from intents.model import Model, load_model
from intents.names import Mention, Names
from intents.phrases import Phrase, find_phrase
from intents.reading import further, plainest_sentence, ranked
from intents.report import is_reported
from intents.slots import find_slots
from intents.tags import Span
from intents.telling import tells_only_which, with_a_customer_for_a_name
from intents.understanding import Candidate, Understanding

MOST_ALTERNATIVES = 4
LEAST_ALTERNATIVES = 2
_WORTH_NAMING = 0.02
"""Probability under which a runner-up beyond the second is not offered."""
_SURE_OF_A_PHRASE = 0.99
_UNSURE_OF_NOISE = 0.5
BUDGET_FREEZE = "objection.budget_freeze"
"""Looked for in every sentence of a long text: what is pushed on a customer without money does harm."""
_SURE_OF_A_SENTENCE = 0.9
"""Probability from which one sentence speaks for a long text; at 0.8, 2 of 344 long lines were wrongly found to hold it."""
_SURE_OF_A_SLOT = 0.7
"""Probability from which what only the encoder sees is a slot; on validation voices 0.5 to 0.7 are alike, 0.9 is worse."""
_STAND_IN = {"zh": "这个客户", "en": "this customer"}
_SELDOM = 0.1
"""How much less likely small talk is where it names a customer; set by hand, not measured."""


_NOBODY = Names.empty()


class Reader:
    """Reads texts with one model; holds nothing that changes."""

    def __init__(self, model: Model, dictionary: Dictionary, added: Neighbours | None = None) -> None:
        known = dictionary.with_added(added.intents) if added else dictionary
        self._model = model
        self._added = added
        self._intents = known.intents
        self._dictionary = str(known.version)
        self._customers_own = known.customers_own()
        self._labels = tuple(dict.fromkeys((*model.jury.labels, *known.intents)))

    @classmethod
    def load(cls, model_dir: Path, dictionary: Path, added: Path | None = None) -> "Reader":
        """Load the model, the dictionary and the intents that the house added, if there is a folder of such.

        Raise ValueError, in a sentence for the operator, when they cannot be used together.
        """
        model = load_model(model_dir)
        known = load_dictionary(dictionary)
        foreign = sorted(set(model.jury.labels) - set(known.intents))
        if foreign:
            raise ValueError(
                f"the intent model in {model_dir} does not fit the dictionary {dictionary}: it speaks of "
                f"{', '.join(foreign)}; train it again with `parley intents train`"
            )
        own = read_added(added) if added else []
        if twice := [one.intent.id for one in own if one.intent.id in known.intents]:
            raise ValueError(f"{added}: the dictionary has {', '.join(twice)} already; rename or remove the file")
        if own and model.jury.encoder is None:
            raise ValueError(f"{added}: added intents need a model with an encoder, and {model_dir} has none")
        return cls(model, known, Neighbours(own, vectors_of(model.jury.encoder)) if own and model.jury.encoder else None)

    @property
    def version(self) -> str:
        """Return the name of the model, a hash of its content."""
        return self._model.version

    @property
    def feelings(self) -> Feelings | None:
        """Return who reads feelings from words, with the encoder loaded here; None where the model has no such part."""
        return self._model.feelings

    @property
    def intents(self) -> Mapping[str, Intent]:
        """Return every intent that can be read, those that the house added among them."""
        return self._intents

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the intents that the model can tell apart, and the rest of the dictionary behind them."""
        return self._labels

    def candidates(self, text: str, role: str | None = None) -> list[Candidate]:
        """Return all intents as `understand` weighs them, the likeliest first; one where there is nothing to read."""
        read = text[:LONGEST_READ]
        return self._read(read, role, find_phrase(read))

    def understand(self, text: str, *, role: str | None = None, sent_at: datetime, names: Names = _NOBODY) -> Understanding:
        """Return the reading of any text; never raises for what the text holds.

        Only the first 4,000 characters are read. `sent_at` must be aware: dates count from it, in its zone.
        """
        said = text[:LONGEST_READ]
        read = names.in_plain_words(said)[:LONGEST_READ]
        phrase = find_phrase(read)
        known = names.find(read)
        told = read if role == "customer" else with_a_customer_for_a_name(read, known)
        candidates = self._about_a_customer(read, role, known, self._read(told, role, phrase))
        is_said = len(candidates) > 1
        is_sure = is_said and candidates[0].confidence >= self._model.thresholds.ask and not tells_only_which(read, known)
        evidence, shown = plainest_sentence(self._model.jury, read, role, BUDGET_FREEZE) if phrase is None else ("", 0.0)
        signal = Candidate(BUDGET_FREEZE, shown) if shown >= _SURE_OF_A_SENTENCE else None
        if signal and not is_sure:
            others = (one for one in candidates if one.intent != BUDGET_FREEZE)
            candidates = [signal, *(Candidate(one.intent, one.confidence * (1 - shown)) for one in others)]
            is_sure = True
        main = candidates[0]
        also = self._also(read, role, main.intent) if is_said and phrase is None else ()
        if signal and BUDGET_FREEZE not in (main.intent, *(one.intent for one in also)):
            also = (signal, *also)
        return Understanding(
            text=text,
            lang=language_of(read),
            intent=main.intent,
            confidence=main.confidence,
            alternatives=_runners_up(candidates[1:]),
            also=also,
            slots=find_slots(said, sent_at, names, self._seen(said, role)) if is_said else (),
            control=phrase.control if phrase else None,
            number=phrase.number if phrase else None,
            reported=is_reported(read, role, self._intents[main.intent], self._customers_own),
            sure=is_sure,
            model=self._model.version,
            evidence=evidence if signal else "",
            plain=read if read != said else None,
            dictionary=self._dictionary,
        )

    def _read(self, text: str, role: str | None, phrase: Phrase | None) -> list[Candidate]:
        """Return the intents, likeliest first; a single one where there is nothing to read (a number picks, no more)."""
        if (phrase is None and _says_nothing(text)) or (phrase is not None and phrase.control == "choice"):
            return [Candidate(OUT_OF_SCOPE, _UNSURE_OF_NOISE)]
        candidates = self._ranked(text, role)
        if phrase is None or phrase.intent is None:
            return candidates
        settled = Candidate(phrase.intent, _SURE_OF_A_PHRASE)
        left = 1 - _SURE_OF_A_PHRASE
        others = [c for c in candidates if c.intent != settled.intent]
        return [settled, *(Candidate(c.intent, c.confidence * left) for c in others)]

    def _ranked(self, text: str, role: str | None) -> list[Candidate]:
        candidates = ranked(self._model.jury, text, role, self._customers_own)
        encoder = self._model.jury.encoder
        return self._added.weigh(encoder.read(text, role).vector, candidates) if self._added and encoder else candidates

    def _about_a_customer(
        self, text: str, role: str | None, known: list[Mention], candidates: list[Candidate]
    ) -> list[Candidate]:
        """Read again what seemed out of scope and yet names a company of the house, with the name left out.

        A name the model never saw is noise to it; that the house knows it says more than the model can.
        """
        companies = [mention for mention in known if mention.kind == "company"]
        if candidates[0].intent != OUT_OF_SCOPE or len(candidates) == 1 or not companies:
            return candidates
        stand_in = _STAND_IN[language_of(text)]
        for mention in reversed(companies):
            text = text[: mention.start] + stand_in + text[mention.end :]
        again = self._ranked(text, role)
        weighed = [Candidate(c.intent, c.confidence * (_SELDOM if c.intent == OUT_OF_SCOPE else 1)) for c in again]
        total = sum(candidate.confidence for candidate in weighed)
        settled = [Candidate(c.intent, c.confidence / total) for c in weighed]
        return sorted(settled, key=lambda candidate: -candidate.confidence)

    def _seen(self, text: str, role: str | None) -> list[Span]:
        return [span for span, chance in self._model.jury.names(text, role) if chance >= _SURE_OF_A_SLOT]

    def _also(self, text: str, role: str | None, main: str) -> tuple[Candidate, ...]:
        found = further(self._model.jury, text, role, main)
        return tuple(candidate for candidate in found if candidate.confidence >= self._model.thresholds.also)


def _runners_up(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    offered = list(candidates)[:MOST_ALTERNATIVES]
    return tuple(
        candidate
        for place, candidate in enumerate(offered)
        if place < LEAST_ALTERNATIVES or candidate.confidence >= _WORTH_NAMING
    )


def _says_nothing(text: str) -> bool:
    """Tell whether there is no word in the text: emoji, signs, a single letter, or nothing."""
    plain = normalise(text)
    letters = sum(char.isalnum() for char in plain)
    return letters == 0 or (letters == 1 and len(plain) <= 1 and plain.isascii())
