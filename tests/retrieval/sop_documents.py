"""A well-formed document in which any field of the front matter can be changed, or left out by an empty value."""


def document(body: str, **changed: str) -> str:
    fields = {
        "id": "sample",
        "title": "Sample",
        "lang": "en",
        "owner": "Tester",
        "version": '"1.0"',
        "valid_from": "2026-01-31",
        "audience": "[rep, manager]",
        **changed,
    }
    return "---\n" + "".join(f"{name}: {value}\n" for name, value in fields.items() if value) + "---\n" + body
