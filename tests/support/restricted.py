"""Relationships that show some of the rows only, or follow columns without a foreign key."""

from __future__ import annotations

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    and_,
    column,
    foreign_key,
    or_,
    relationship,
)


class Restricted(Model):
    metadata = MetaData()


class Writer(Restricted, table="writer"):
    id: Mapped[int] = column(primary_key=True)
    name: Mapped[str | None]
    posts: Related[list[Post]] = relationship(back_populates="author", foreign_keys="author_id")
    published: Related[list[Post]] = relationship(
        primaryjoin=lambda: and_(Writer.id == Post.author_id, Post.published == True),
        order_by="id",
    )
    reviewed: Related[list[Post]] = relationship(primaryjoin=lambda: Post.reviewer_id == Writer.id)


class Post(Restricted, table="posts"):
    id: Mapped[int] = column(primary_key=True)
    text: Mapped[str] = column(default="")
    published: Mapped[bool] = column(default=False)
    author_id: Mapped[int | None] = foreign_key(Writer.id)
    reviewer_id: Mapped[int | None] = foreign_key(Writer.id)
    author: Related[Writer | None] = relationship(back_populates="posts", foreign_keys="author_id")
    #: the author, if it is not the one of old posts
    named: Related[Writer | None] = relationship(
        primaryjoin=lambda: and_(
            Writer.id == Post.author_id, or_(Writer.name != "anonymous", Writer.name == None)
        ),
        viewonly=True,
    )
    labels: Related[list[Label]] = relationship(secondary="post_label", order_by="text")
    main_labels: Related[list[Label]] = relationship(
        secondary="post_label",
        secondaryjoin=lambda: and_(PostLabel.label_id == Label.id, PostLabel.main == True),
        viewonly=True,
    )


class Label(Restricted, table="label"):
    id: Mapped[int] = column(primary_key=True)
    text: Mapped[str]


class PostLabel(Restricted, table="post_label"):
    post_id: Mapped[int] = foreign_key(Post.id, primary_key=True)
    label_id: Mapped[int] = foreign_key(Label.id, primary_key=True)
    main: Mapped[bool] = column(server_default=False)


class City(Restricted, table="city"):
    """Offices name it by a code, which no foreign key secures."""

    id: Mapped[int] = column(primary_key=True)
    code: Mapped[str]
    offices: Related[list[Office]] = relationship(
        viewonly=True,
        primaryjoin=lambda: City.code == Office.city_code,
        foreign_keys="Office.city_code",
    )


class Office(Restricted, table="office"):
    id: Mapped[int] = column(primary_key=True)
    city_code: Mapped[str | None] = column(default=None)
    city: Related[City | None] = relationship(
        viewonly=True,
        primaryjoin=lambda: Office.city_code == City.code,
        foreign_keys="city_code",
    )


class Topic(Restricted, table="topic"):
    """A tree by paths."""

    id: Mapped[int] = column(primary_key=True)
    path: Mapped[str]
    parent_path: Mapped[str | None] = column(default=None)
    parent: Related[Topic | None] = relationship(
        viewonly=True,
        primaryjoin=lambda: Topic.parent_path == Topic.path,
        foreign_keys="parent_path",
    )
    below: Related[list[Topic]] = relationship(
        viewonly=True,
        primaryjoin=lambda: Topic.parent_path == Topic.path,
        foreign_keys="parent_path",
        order_by="id",
    )
