"""The models of the scenarios that are linked many to many."""

from __future__ import annotations

from asyncorm import Mapped, MetaData, Model, Related, column, foreign_key, generated, relationship


class Linked(Model):
    metadata = MetaData()


class Article(Linked, table="article"):
    id: Mapped[int] = generated(primary_key=True)
    title: Mapped[str] = column(default="")
    tags: Related[list[Tag]] = relationship(
        secondary="article_tag", back_populates="articles", order_by="id"
    )


class Tag(Linked, table="tag"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(unique=True)
    articles: Related[list[Article]] = relationship(
        secondary="article_tag", back_populates="tags", order_by="id"
    )


class ArticleTag(Linked, table="article_tag"):
    article_id: Mapped[int] = foreign_key(Article.id, primary_key=True)
    tag_id: Mapped[int] = foreign_key(Tag.id, primary_key=True, onupdate="CASCADE")
