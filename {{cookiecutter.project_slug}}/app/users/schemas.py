import unicodedata
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from app.fields import Email, Text

# Systems write an accented letter as one character or as two (RFC 8265, section 4.2.2).
InOneForm = AfterValidator(lambda password: unicodedata.normalize("NFC", password))
# No rules about kinds of characters: only the length counts (NIST SP 800-63B, 3.1.1).
Password = Annotated[Text, Field(min_length=8, max_length=128), InOneForm]
# One that is compared with the stored one, which may be older than the rule above. A longer one is
# refused before anything is read or hashed.
GivenPassword = Annotated[Text, Field(min_length=1, max_length=128), InOneForm]
FullName = Annotated[
    str,
    StringConstraints(
        # Without NUL, and with a character that is not a blank.
        pattern=r"^[^\x00]*[^\s\x00][^\x00]*$",
        strip_whitespace=True,
        min_length=1,
        max_length=200,
    ),
]


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    # A row may hold an address that the schema for input refuses.
    email: str
    email_verified: bool
    full_name: str | None
    created_at: datetime
    version: int


def never_null(schema: dict[str, Any]) -> None:
    """Document a field that may be left out, but not be null."""
    del schema["default"]
    schema.update(schema.pop("anyOf")[0])


class UserUpdate(BaseModel):
    """A field that is left out is not changed. Another email needs the current password.

    With `version`, nothing is changed if the profile has a different version by now.
    """

    email: Email | None = Field(None, json_schema_extra=never_null)
    full_name: FullName | None = None
    version: int | None = None
    current_password: GivenPassword | None = None

    @model_validator(mode="after")
    def email_is_not_null(self) -> "UserUpdate":
        if "email" in self.model_fields_set and self.email is None:
            raise ValueError("email must not be null")
        return self


class PasswordChange(BaseModel):
    current_password: GivenPassword
    new_password: Password


class AccountDeletion(BaseModel):
    current_password: GivenPassword
