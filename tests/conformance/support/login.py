"""Credentials for a listener that asks for SASL PLAIN, as each client spells them."""

from typing import NamedTuple


class Login(NamedTuple):
    """Where to log in, and as whom."""

    address: str
    user: str
    password: str

    def librdkafka(self):
        """Configuration of kcat and confluent-kafka."""
        return {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "PLAIN",
                "sasl.username": self.user, "sasl.password": self.password}

    def kafka_python(self):
        """Keyword arguments of kafka-python's clients."""
        return {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN",
                "sasl_plain_username": self.user, "sasl_plain_password": self.password}

    def kafkajs(self):
        """The `sasl` option of kafkajs."""
        return {"mechanism": "plain", "username": self.user, "password": self.password}

    def java(self):
        """A properties file for `--command-config` of Apache Kafka's tools."""
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        return ("security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
                f'sasl.jaas.config={module} required username="{self.user}" password="{self.password}";\n')
