from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, EmailStr, Field, StringConstraints, model_validator

# No rules about kinds of characters: only the length counts (NIST SP 800-63B, 3.1.1).
Password = Annotated[str, Field(min_length=8, max_length=128)]
# One that is compared with the stored one, which may be older than the rule above. A longer one is
# refused before anything is read or hashed.
GivenPassword = Annotated[str, Field(max_length=128)]
EMAIL_LENGTH = 320
FullName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: EmailStr
    email_verified: bool
    full_name: str | None
    created_at: datetime
    version: int


class UserUpdate(BaseModel):
    """A field that is left out is not changed. Another email needs the current password.

    With `version`, nothing is changed if the profile has a different version by now.
    """

    email: EmailStr | None = None
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
