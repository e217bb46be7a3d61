"""Every line marked with an E must be reported, and no other."""

from __future__ import annotations

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    attribute_keyed_dict,
    column,
    foreign_key,
    generated,
    relationship,
    select,
    update,
)


class Base(Model):
    metadata = MetaData()


class User(Base, table="users"):
    id: Mapped[int] = column(primary_key=True, init=False)
    email: Mapped[str] = column(unique=True)
    age: Mapped[int | None] = column(default=None)
    books: Related[list[Book]] = relationship(back_populates="author")


class Book(Base, table="books"):
    id: Mapped[int] = generated(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = foreign_key(User.id)
    author: Related[User] = relationship(back_populates="books")
    editor: Related[User | None] = relationship()


class Bad(Base, table="bad"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str] = column(default=5)  # E default of another type
    tags: Mapped[list[str]] = column(default_factory=dict)  # E factory of another type
    size: Mapped[int] = column(primary=True)  # E no such option
    user_id: Mapped[int] = foreign_key(User.id, ondelete="CASCADES")  # E no such action
    user: Related[User] = relationship(backpopulates="x")  # E no such option


User()  # E !pyrefly email is missing; pyrefly takes column(...) for a default
Book()  # E title is missing
User("x")  # E keywords only
User(email=5)  # E wrong type
User(email="x", nope=1)  # E unknown name
User(email="x", age="3")  # E wrong type
User(email="x", id=1)  # E !pyrefly made by the database; pyrefly does not read init=False
User(email="x", books=[User(email="y")])  # E objects of another class
User(email="x", books=None)  # E a collection is never None
Book(title="t", id="1")  # E wrong type
Book(title="t", author_id="1")  # E wrong type
Book(title="t", author_id=None)  # E NOT NULL
Book(title="t", author=Book(title="u"))  # E an object of another class
Book(title="t", author=None)  # E the author is required

user = User(email="x")
book = Book(title="t")
user.email = 3  # E wrong type
user.email = None  # E NOT NULL
user.age = "3"  # E wrong type
user.books = [user]  # E objects of another class
user.books = None  # E a collection is never None
user.books.append(user)  # E an object of another class
book.author = None  # E the author is required
book.author = book  # E an object of another class
book.editor.email  # E may be None
user.nope  # E no such attribute
User.nope  # E no such column
number: str = User(email="x").age  # E int or None
name: str = book.author  # E an object, not its key
wrong: User = User.email  # E a column, not an object
User.books.title  # E a relationship has no columns
select(User).where(User.books)  # E a relationship is no condition
select(User).where(User.books.any(Book.title == 5))  # E compares str with int
select(User).where(Book.author.has("x"))  # E no condition
select(User.books)  # E a relationship can't be selected
update(User).set(User.books.set([]))  # E a relationship is no column


class Page(Base, table="pages"):
    id: Mapped[int] = column(primary_key=True, init=False)
    notes: Related[dict[str, Note]] = relationship(collection_class=attribute_keyed_dict("title"))


class Note(Base, table="notes"):
    id: Mapped[int] = column(primary_key=True, init=False)
    title: Mapped[str]
    page_id: Mapped[int] = foreign_key(Page.id)


page = Page(notes=[Note(title="a")])  # E a dict, not a list
page.notes[1] = Note(title="a")  # E the key is a string
page.notes["a"] = Page()  # E an object of another class
attribute_keyed_dict(Note.title)  # E the name of the attribute
