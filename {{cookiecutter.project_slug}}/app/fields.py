"""Types of fields, for the schemas of every package."""

import unicodedata
from typing import Annotated

from pydantic import EmailStr, Field, StringConstraints, validate_email
from pydantic_core import PydanticCustomError

# PostgreSQL stores every character but NUL. With a pattern, pydantic also refuses half of a
# surrogate pair, which UTF-8 can't encode. A plain `str` with either is refused at the latest by
# the database: app/errors.py. The type is for what does not get there, and for the documentation.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]

# The longest address that mail can be sent to (RFC 5321, section 4.5.3.1.3, without its brackets).
Email = Annotated[EmailStr, Field(max_length=254)]


def normal_email(address: str) -> str:
    """Return the one form in which an address is stored and looked up.

    It has no blanks around it. What precedes the @ is in NFC and keeps its case, which the database
    ignores. The domain is in lower case and in Unicode, even if it was given in ASCII (`xn--`, RFC
    5891). An address that is not valid loses its blanks and is in NFC: a row may hold one that was
    written by other means.
    """
    try:
        return validate_email(address)[1]
    except PydanticCustomError:
        return unicodedata.normalize("NFC", address.strip())
