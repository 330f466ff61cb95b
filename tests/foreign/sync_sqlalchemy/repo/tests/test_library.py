from library.models import Author, Book
from sqlalchemy import select


def test_add_author(client, db):
    assert client.post("/authors/ada").status_code == 201
    assert db.scalars(select(Author.name)).all() == ["ada"]


def test_add_author_twice(client):
    assert client.post("/authors/ada").status_code == 201
    assert client.post("/authors/ada").status_code == 409


def test_add_book(client, db):
    db.add(Author(name="ada"))
    db.commit()
    assert client.post("/authors/ada/books", params={"title": "Notes"}).json() == 1
    assert client.get("/authors").json() == {"ada": ["Notes"]}
    assert db.scalar(select(Book.title)) == "Notes"


def test_unknown_author(client):
    assert client.post("/authors/ada/books", params={"title": "Notes"}).status_code == 404
