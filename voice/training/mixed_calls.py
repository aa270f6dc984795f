"""Calls put together from clips of one speaker, as a corpus has none: any mix of emotions, so that no calm is promised."""

import numpy as np

from voice.emotions import calm_of
from voice.features import Floats
from voice.training.corpus import Corpus

FEWEST, MOST = 5, 16
"""Segments that a simulated call has."""


def calm_in_calls(corpus: Corpus, features: Floats, arousal: Floats, random: np.random.Generator) -> Floats:
    """Return for each clip how its speaker sounds when calm in one simulated call that the clip is part of.

    `features` (n, F), or (n, k, F), and `arousal` (n) of the clips over one line. A mix is drawn from a Dirichlet
    distribution over the corpus' emotions (0.7 each), so some calls are all anger and some have none; the truth is used for
    nothing else.
    """
    kinds = sorted(set(corpus.emotion))
    calm = np.zeros_like(features)
    for speaker in sorted(set(corpus.speaker)):
        clips = np.flatnonzero(corpus.speaker == speaker)
        by_kind = {kind: clips[corpus.emotion[clips] == kind] for kind in kinds}
        for clip in clips:
            mix = random.dirichlet([0.7] * len(kinds))
            weight = np.zeros(len(clips))
            for kind, share in zip(kinds, mix, strict=True):
                if len(by_kind[kind]):
                    weight[np.isin(clips, by_kind[kind])] = (share + 0.01) / len(by_kind[kind])
            weight[clips == clip] = 0
            count = min(int(random.integers(FEWEST - 1, MOST)), int((weight > 0).sum()))
            others = random.choice(clips, count, replace=False, p=weight / weight.sum())
            call = np.append(others, clip)
            found = calm_of(features[call], arousal[call], corpus.seconds[call])
            calm[clip] = features[clip] if found is None else found
    return calm
