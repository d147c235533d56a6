"""The window: PySide6 lives here (and in app.py) and nowhere else.

Widgets take values and emit signals. None of them knows the pipeline, the gallery's file or the settings file, and
none of them holds a rule: what the door says is a ``match`` over the decision.
"""
