import json


def stored(app):
    return json.loads(app.state.store.path.read_text())
