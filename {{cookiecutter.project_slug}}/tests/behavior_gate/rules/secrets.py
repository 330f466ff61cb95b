"""Passwords, their hashes and keys where they do not belong."""

from __future__ import annotations

from .rule import Rule

PASSWORD_IN_RESPONSE = Rule(
    "secrets.response",
    "the submitted password in a response",
    why="responses end up in logs, caches and bug reports",
    fix="leave it out of the response model; for a 422, handle RequestValidationError and drop"
    " `input`",
    bad="return {'email': form.email, 'password': form.password}",
    good="return {'email': form.email}",
)
HASH_IN_RESPONSE = Rule(
    "secrets.hash",
    "a password hash in a response",
    why="whoever has the hash can guess the password offline",
    fix="declare a response model that leaves the hash out",
    bad="@router.get('/me')\nasync def me(user: CurrentUser):\n    return user",
    good="@router.get('/me', response_model=UserOut)\n"
    "async def me(user: CurrentUser):\n    return user",
)
SECRET_IN_LOG = Rule(
    "secrets.log",
    "a password, its hash or a token in the log",
    why="logs are kept and read by far more people than the database",
    fix="log an id instead; create the engine with hide_parameters=True, and say of a database"
    " error only its type and constraint, as its DETAIL may show the whole row",
    bad='log.info("login %s %s", form.email, form.password)',
    good='log.info("login of user %s", user.id)',
)
PASSWORD_STORED = Rule(
    "secrets.stored",
    "the submitted password, stored in plain text or in a form that is easy to undo",
    why="whoever reads the table or a backup of it has every password",
    fix="store a hash from argon2 or bcrypt, made off the event loop",
    bad="User(email=email, password=password)",
    good="User(email=email, password_hash=await hash_password(password))",
)
KEY_LET_OUT = Rule(
    "secrets.key",
    "a signing key or another secret of the settings in a response or the log",
    why="whoever has the key can sign a token for any user",
    fix="keep keys in a SecretStr and never log or return the settings as a whole; change a key"
    " that got out",
    bad='log.info("settings: %s", settings.model_dump())',
    good='log.info("settings for %s", settings.environment)',
)
