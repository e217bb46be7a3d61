from __future__ import annotations
import random
from asyncorm import *
from tests.support.publishing import *
from tests.support import guild as G
from tests.support.publishing import Publishing
import pytest

def shape(obj, node, seen=()):
    if obj is None: return None
    out = {"id": tuple(getattr(obj, c) for c in type(obj).__mapper__.primary_key)}
    for rel, below in node.items():
        v = obj.__dict__.get(rel.name, "UNLOADED")
        if v == "UNLOADED": out[rel.name] = "UNLOADED"
        elif isinstance(v, list): out[rel.name] = [shape(x, below) for x in v]
        elif isinstance(v, set): out[rel.name] = sorted((shape(x, below) for x in v), key=str)
        elif isinstance(v, dict): out[rel.name] = {k: shape(x, below) for k, x in v.items()}
        else: out[rel.name] = shape(v, below)
    return out

def grow(rnd, mapper, depth):
    rels = [r for r in mapper.relationships.values()]
    node = {}
    for r in rnd.sample(rels, min(len(rels), rnd.choice([1,1,2,3]))):
        node[r] = grow(rnd, r.target, depth-1) if depth > 0 and rnd.random() < .6 else {}
    return node

def options(rnd, node, pick, base=None):
    out = []
    for r, below in node.items():
        how = pick(rnd)
        o = getattr(base, how)(r) if base is not None else globals()[how](r)
        out.append(o)
        out += options(rnd, below, pick, o)
    return out

@pytest.mark.parametrize("seed", range(60))
async def test_it(engine, tables, sent, seed):
    rnd = random.Random(seed)
    await tables(Publishing)
    Session = sessionmaker(engine)
    async with Session() as s:
        pubs = [Publisher(id=i, name=f"p{i}") for i in range(3)]
        users = [User(id=i, email=f"e{i%3}", publisher=rnd.choice([None, *pubs])) for i in range(6)]
        for p in pubs: 
            if rnd.random() < .5: p.owner = rnd.choice(users)
        for u in users:
            if rnd.random() < .5: u.profile = Profile(id=u.id)
        shelves = [Shelf(room=r, number=n) for r in "ab" for n in (1,2)]
        tags = [Tag(id=i, name=f"t{i}") for i in range(5)]
        books = [Book(id=i, title=f"b{i}", author=rnd.choice([None,*users]), editor=rnd.choice([None,*users]), shelf=rnd.choice([None,*shelves]), tags=rnd.sample(tags, rnd.randrange(4))) for i in range(15)]
        for sh in shelves: sh.labels = rnd.sample(tags, rnd.randrange(3))
        nodes = []
        for i in range(12): nodes.append(Node(id=i, name=f"n{i}", parent=rnd.choice([None,*nodes])))
        for n in nodes: n.friends = rnd.sample(nodes, rnd.randrange(3))
        s.add_all([*pubs,*users,*shelves,*tags,*books,*nodes])
        await s.flush() 
        await s.commit()
    for _ in range(8):
        entity = rnd.choice([User, Publisher, Book, Shelf, Tag, Node, Profile])
        mapper = entity.__mapper__
        node = grow(rnd, mapper, 2)
        stmt = select(entity).order_by(*mapper.primary_key_columns)
        if rnd.random() < .3: stmt = select(entity).order_by(func.length(mapper.columns[mapper.primary_key[0]].cast(str)) if False else mapper.primary_key_columns[0].desc(), *mapper.primary_key_columns[1:])
        if rnd.random() < .4: stmt = stmt.limit(rnd.randrange(1,4)).offset(rnd.randrange(3))
        if rnd.random() < .2: stmt = stmt.distinct()
        elif rnd.random() < .2: stmt = stmt.with_for_update()
        st = rnd.getstate()
        async with Session() as s:
            plain = await s.all(stmt.options(*options(rnd, node, lambda r: "selectinload")))
            a = [shape(x, node) for x in plain]
        async with Session() as s:
            sent()
            j = stmt.options(*options(rnd, node, lambda r: "joinedload"))
            sent(); res = await s.all(j)
            n = [x for x in sent() if x.startswith("SELECT")]
            b = [shape(x, node) for x in res]
        assert a == b, (entity, node, n)
        assert len(n) == 1, n
        async with Session() as s:
            j = stmt.options(*options(rnd, node, lambda r: r.choice(["joinedload","selectinload"])))
            assert a == [shape(x, node) for x in await s.all(j)], (node, str(j))
        async with Session() as s:   # things in memory already
            keep = await s.all(select(entity)); more = await s.all(select(Book)); x3 = await s.all(select(User).limit(3))
            j = stmt.options(*options(rnd, node, lambda r: r.choice(["joinedload","joinedload","selectinload"])))
            assert a == [shape(x, node) for x in await s.all(j)], (node, str(j))
            j = j.execution_options(populate_existing=True)
            assert a == [shape(x, node) for x in await s.all(j)], (node, str(j))
