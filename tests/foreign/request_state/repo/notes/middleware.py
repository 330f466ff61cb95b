from fastapi import Request, Response
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

engine = create_async_engine("postgresql+asyncpg://notes@localhost/notes", pool_recycle=1800)
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)


class SessionMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        async with SessionLocal() as session:
            request.state.session = session
            response = await call_next(request)
            if response.status_code < 400:
                await session.commit()
        return response
