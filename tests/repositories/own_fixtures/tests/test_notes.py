async def test_health(client, session):
    answer = await client.get("/health")

    assert answer.json() == "well"
    assert session.rows == []
