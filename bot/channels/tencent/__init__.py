"""What WeCom and WeChat have in common: the sealed callback, the API with its token, byte limits and media."""
