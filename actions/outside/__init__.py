"""Who answers the world: the database, durable work, a language model where one is set."""
