"""A small shop with rows that never change: what the tests of SQL constructs ask questions of."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from asyncorm import (
    Mapped,
    MetaData,
    Model,
    Numeric,
    Related,
    column,
    foreign_key,
    generated,
    relationship,
)


class Shop(Model):
    metadata = MetaData()


class Category(Shop, table="category"):
    """A tree: tools > garden > hoses, tools > workshop, books."""

    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = foreign_key("category.id")
    products: Related[list[Product]] = relationship(back_populates="category")


class Product(Shop, table="product"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str] = column(unique=True)
    price: Mapped[Decimal] = column(Numeric(10, 2))
    stock: Mapped[int] = column(default=0)
    discount: Mapped[int | None] = column(default=None)
    added_on: Mapped[date]
    tags: Mapped[list[str]] = column(default_factory=list)
    details: Mapped[dict[str, Any]] = column(default_factory=dict)
    category_id: Mapped[int] = foreign_key(Category.id)
    category: Related[Category] = relationship(back_populates="products")
    sales: Related[list[Sale]] = relationship(back_populates="product")


class Customer(Shop, table="customer"):
    id: Mapped[int] = generated(primary_key=True)
    name: Mapped[str]
    email: Mapped[str] = column(unique=True)
    city: Mapped[str | None] = column(default=None)
    sales: Related[list[Sale]] = relationship(back_populates="customer")


class Sale(Shop, table="sale"):
    id: Mapped[int] = generated(primary_key=True)
    quantity: Mapped[int]
    sold_at: Mapped[datetime]
    product_id: Mapped[int] = foreign_key(Product.id)
    customer_id: Mapped[int] = foreign_key(Customer.id)
    product: Related[Product] = relationship(back_populates="sales")
    customer: Related[Customer] = relationship(back_populates="sales")


CATEGORIES = [
    (1, "tools", None),
    (2, "garden", 1),
    (3, "hoses", 2),
    (4, "workshop", 1),
    (5, "books", None),
]
PRODUCTS = [
    (1, "rake", "12.50", 10, None, 2, ["wood", "steel"], {"weight": 900, "size": {"cm": 150}}),
    (2, "spade", "25.00", 0, 10, 2, ["steel"], {"weight": 1500, "size": {"cm": 110}}),
    (3, "hose 10 m", "19.90", 7, None, 3, ["rubber"], {"length": 10}),
    (4, "hose 25 m", "34.90", 3, 5, 3, ["rubber", "long"], {"length": 25, "parts": ["end"]}),
    (5, "hammer", "15.00", 22, None, 4, ["steel", "wood"], {"weight": 600}),
    (6, "saw", "18.00", 4, 20, 4, ["steel"], {}),
    (7, "Gardens", "29.00", 12, None, 5, [], {"pages": 320}),
    (8, "100% wood_work", "41.00", 1, 15, 5, ["wood"], {"pages": 180}),
]
CUSTOMERS = [
    (1, "Ada", "ada@example.org", "London"),
    (2, "Grace", "grace@example.org", "New York"),
    (3, "Linus", "linus@example.net", None),
    (4, "Margaret", "margaret@example.net", "London"),
]
SALES = [(number, 1 + number % 4, number % 7 + 1, number % 3 + 1) for number in range(1, 31)]


def rows() -> dict[type[Shop], list[Shop]]:
    """All objects of the shop, by class in the order of their foreign keys."""
    begin = datetime(2026, 1, 1, 9, tzinfo=UTC)
    return {
        Category: [Category(id=id, name=name, parent_id=up) for id, name, up in CATEGORIES],
        Product: [
            Product(
                id=id,
                name=name,
                price=Decimal(price),
                stock=stock,
                discount=discount,
                added_on=date(2025, 1, 1) + timedelta(days=20 * id),
                category_id=category,
                tags=tags,
                details=details,
            )
            for id, name, price, stock, discount, category, tags, details in PRODUCTS
        ],
        Customer: [
            Customer(id=id, name=name, email=email, city=city)
            for id, name, email, city in CUSTOMERS
        ],
        Sale: [
            Sale(
                id=id,
                quantity=quantity,
                sold_at=begin + timedelta(hours=31 * id),
                product_id=product,
                customer_id=customer,
            )
            for id, quantity, product, customer in SALES
        ],
    }
