"""What type checkers must report of composites, full-text search, vectors and custom types."""

from __future__ import annotations

from decimal import Decimal

from asyncorm import func, select
from tests.typing.good_newtypes import Post

Post.search.match(5)  # E a search is a text or an expression
Post.id.match("cat")  # E numbers are not searched
Post.id.l2_distance([1.0])  # E only vectors have distances
Post.place.l2_distance("near")  # E a vector is compared with numbers
select(Post.id).where(Post.place.l2_distance([1.0]) == "near")  # E a distance is a number
func.to_tsquery("a") & "b"  # E queries are combined with queries
func.setweight(Post.search, "E")  # E there are four weights
func.akeys(Post.name)  # E only hstore has keys
Post.address.field(lambda address: address.stret)  # E no such field
select(Post.id).where(Post.address.field(lambda a: a.street) == 5)  # E a street is a text
select(Post.id).where(Post.address == ("x", None))  # E a tuple is no Address
select(Post.id).where(Post.cash == Decimal(1))  # E the values are Cash
select(Post.id).where(Post.place.l1_distance([1.0]))  # E a distance is no condition
