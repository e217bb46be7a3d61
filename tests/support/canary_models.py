"""Models for the canary alone: it calls whatever there is with them, which may leave its marks."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Related,
    column,
    foreign_key,
    generated,
    relationship,
)


class Own(Model):
    metadata = MetaData()


class Category(Own, table="canary_category"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]
    products: Related[list[Product]] = relationship(back_populates="category")


class Product(Own, table="canary_product"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(unique=True)
    price: Mapped[Decimal] = column(default=Decimal(1))
    stock: Mapped[int] = column(default=0)
    discount: Mapped[int | None] = column(default=None)
    added_on: Mapped[date | None] = column(default=None)
    sold_at: Mapped[datetime | None] = column(default=None)
    tags: Mapped[list[str]] = column(default_factory=list)
    details: Mapped[dict[str, Any]] = column(default_factory=dict)
    category_id: Mapped[int] = foreign_key(Category.id)
    category: Related[Category] = relationship(back_populates="products")
    notes: Related[list[Note]] = relationship(lazy="write_only", order_by="id")


class Note(Own, table="canary_note"):
    id: Mapped[int] = generated(primary_key=True)
    text: Mapped[str]
    product_id: Mapped[int] = foreign_key(Product.id)
