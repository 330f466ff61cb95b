import datetime as dt
import logging

import bcrypt
import jwt
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

from accounts.store import Store, load_config

logger = logging.getLogger(__name__)
config = load_config()
router = APIRouter()
oauth2 = OAuth2PasswordBearer(tokenUrl="token")


class Credentials(BaseModel):
    email: str
    password: str


def hash_password(password):
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(config.getint("rounds"))).decode()


def make_token(email):
    until = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=config.getint("minutes"))
    return jwt.encode({"sub": email, "exp": until}, config["secret"], algorithm="HS256")


def get_store(request: Request):
    return request.app.state.store


async def current_user(token: str = Depends(oauth2), store: Store = Depends(get_store)):
    try:
        email = jwt.decode(token, config["secret"], algorithms=["HS256"])["sub"]
    except jwt.PyJWTError:
        raise HTTPException(401, "bad token") from None
    if email not in store.users:
        raise HTTPException(401, "unknown user")
    return email


@router.post("/users", status_code=201)
async def register(credentials: Credentials, store: Store = Depends(get_store)):
    try:
        store.add(credentials.email, hash_password(credentials.password))
    except ValueError:
        raise HTTPException(409, "taken") from None
    return {"email": credentials.email}


@router.post("/token")
async def login(form: OAuth2PasswordRequestForm = Depends(), store: Store = Depends(get_store)):
    user = store.users.get(form.username)
    if not user or not bcrypt.checkpw(form.password.encode(), user["password"].encode()):
        logger.warning("failed login of %s", form.username)
        raise HTTPException(401, "wrong email or password")
    return {"access_token": make_token(form.username), "token_type": "bearer"}


@router.get("/me")
async def me(email: str = Depends(current_user)):
    return {"email": email}


def build_app(path):
    app = FastAPI()
    app.state.store = Store.from_file(path)
    app.include_router(router)
    return app
