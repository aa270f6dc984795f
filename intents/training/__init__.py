"""Off the road: how the intent model is made from labelled utterances, and how it is scored."""
