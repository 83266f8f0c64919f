// Microsoft's client for Java: java -cp 'JARS/*' Client.java CONNECTION_STRING HUB amqp|websocket
//
// The hub has four partitions and no events, and a group `other`. Prints one line per fact; test_java.py compares them. Ends
// with an exception when something is not as it should be.

import com.azure.core.amqp.AmqpRetryOptions;
import com.azure.core.amqp.AmqpTransportType;
import com.azure.core.amqp.exception.AmqpException;
import com.azure.messaging.eventhubs.*;
import com.azure.messaging.eventhubs.models.*;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

public class Client {
    /** How long anything may take; only what hangs takes so long. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    static EventHubClientBuilder builder;

    public static void main(String[] arguments) {
        try {
            run(arguments);
            System.exit(0);
        } catch (Throwable error) {
            error.printStackTrace();
            System.exit(1); // Threads of the client would go on.
        }
    }

    static void run(String[] arguments) throws Exception {
        var transport = arguments[2].equals("websocket") ? AmqpTransportType.AMQP_WEB_SOCKETS : AmqpTransportType.AMQP;
        builder = new EventHubClientBuilder()
                .connectionString(arguments[0], arguments[1])
                .consumerGroup(EventHubClientBuilder.DEFAULT_CONSUMER_GROUP_NAME)
                .transportType(transport)
                .retryOptions(new AmqpRetryOptions().setMaxRetries(0).setTryTimeout(PATIENCE));
        try (EventHubProducerClient producer = builder.buildProducerClient();
                EventHubConsumerClient consumer = builder.buildConsumerClient()) {
            tellHub(producer);
            tellBatches(producer, consumer);
            tellKeys(producer, consumer);
            tellProperties(producer, consumer);
            tellPositions(producer, consumer);
            tellLatest(producer, consumer);
            tellOwners();
            tellRefusals(consumer);
        }
    }

    static void tellHub(EventHubProducerClient producer) {
        var hub = producer.getEventHubProperties();
        var age = Duration.between(hub.getCreatedAt(), Instant.now()).abs();
        System.out.println("hub partitions " + String.join(" ", hub.getPartitionIds()) + " new " + (age.toMinutes() < 10));
        var empty = producer.getPartitionProperties("1");
        System.out.println("partition " + empty.getId() + " empty " + empty.isEmpty());
    }

    /** Batches to a partition; how much one takes. */
    static void tellBatches(EventHubProducerClient producer, EventHubConsumerClient consumer) {
        send(producer, new CreateBatchOptions().setPartitionId("1"), 0, 50);
        var about = producer.getPartitionProperties("1");
        System.out.println("partition 1 from " + about.getBeginningSequenceNumber() + " to "
                + about.getLastEnqueuedSequenceNumber() + " offset " + about.getLastEnqueuedOffset() + " empty " + about.isEmpty());
        var read = read(consumer, "1", 50, EventPosition.earliest());
        System.out.println("read " + numbers(read).equals(range(0, 50)) + " sequence numbers "
                + read.stream().map(EventData::getSequenceNumber).collect(Collectors.toList()).equals(
                        range(0, 50).stream().map(Long::valueOf).collect(Collectors.toList())));
        var batch = producer.createBatch(new CreateBatchOptions().setPartitionId("2"));
        while (batch.tryAdd(new EventData(new byte[100_000]))) {}
        producer.send(batch);
        var large = read(consumer, "2", batch.getCount(), EventPosition.earliest());
        System.out.println("batch of " + batch.getMaxSizeInBytes() + " takes " + batch.getCount() + " and gives "
                + large.stream().filter(event -> event.getBody().length == 100_000).count());
    }

    /** Events with a key stay together; those without are spread. */
    static void tellKeys(EventHubProducerClient producer, EventHubConsumerClient consumer) {
        var before = ends(consumer);
        send(producer, new CreateBatchOptions().setPartitionKey("key"), 0, 20);
        producer.send(List.of(new EventData("20")), new SendOptions().setPartitionKey("key"));
        var home = grown(before, ends(consumer));
        var read = read(consumer, home.get(0), 21, EventPosition.fromSequenceNumber(before.get(home.get(0))));
        System.out.println("keyed " + numbers(read).equals(range(0, 21)) + " partitions " + home.size() + " keys "
                + new TreeSet<>(read.stream().map(EventData::getPartitionKey).collect(Collectors.toList())));
        before = ends(consumer);
        for (int number = 0; number < 4; number++) {
            producer.send(List.of(new EventData(Integer.toString(number))));
        }
        System.out.println("spread over " + grown(before, ends(consumer)).size());
    }

    /** Application properties of many types, and the standard ones. */
    static void tellProperties(EventHubProducerClient producer, EventHubConsumerClient consumer) {
        Map<String, Object> properties = Map.of("text", "t", "int", 7, "long", 1L << 40, "double", 0.5, "yes", true, "id",
                new UUID(1, 2), "character", 'c', "short", (short) 3);
        var event = new EventData("about").setContentType("text/plain").setMessageId("m").setCorrelationId("c");
        event.getProperties().putAll(properties);
        long start = consumer.getPartitionProperties("3").getLastEnqueuedSequenceNumber();
        producer.send(List.of(event), new SendOptions().setPartitionId("3"));
        var options = new ReceiveOptions().setTrackLastEnqueuedEventProperties(true);
        var position = start < 0 ? EventPosition.earliest() : EventPosition.fromSequenceNumber(start);
        var got = consumer.receiveFromPartition("3", 1, position, PATIENCE, options).iterator().next();
        var read = got.getData();
        System.out.println("properties " + read.getProperties().equals(properties) + " " + read.getContentType() + " "
                + read.getMessageId() + " " + read.getCorrelationId() + " last "
                + (got.getLastEnqueuedEventProperties().getSequenceNumber() - start));
    }

    /** Every way to say where to start, in partition 1 with fifty events, a few more, and two later ones. */
    static void tellPositions(EventHubProducerClient producer, EventHubConsumerClient consumer) {
        var written = consumer.getPartitionProperties("1").getLastEnqueuedTime();
        while (!Instant.now().isAfter(written.plusMillis(5))) {
            Thread.onSpinWait();
        }
        send(producer, new CreateBatchOptions().setPartitionId("1"), 50, 52);
        System.out.println("sequence " + first(consumer, EventPosition.fromSequenceNumber(9)) + " inclusive "
                + first(consumer, EventPosition.fromSequenceNumber(9, true)) + " offset "
                + first(consumer, EventPosition.fromOffsetString("9")) + " time "
                + first(consumer, EventPosition.fromEnqueuedTime(written)) + " earlier "
                + first(consumer, EventPosition.fromEnqueuedTime(written.minusSeconds(60))));
    }

    /** A reader at the end sees only what comes from then on. */
    static void tellLatest(EventHubProducerClient producer, EventHubConsumerClient consumer) throws Exception {
        var next = CompletableFuture.supplyAsync(() -> first(consumer, EventPosition.latest()));
        // The link is open some time after it was asked for.
        for (int number = 1000; !next.isDone(); number++) {
            send(producer, new CreateBatchOptions().setPartitionId("1"), number, number + 1);
            try {
                next.get(100, TimeUnit.MILLISECONDS);
            } catch (TimeoutException notYet) {
                continue;
            }
        }
        System.out.println("latest " + (next.get() >= 1000));
    }

    /** A reader of a higher owner level takes the partition from one of a lower level. */
    static void tellOwners() throws Exception {
        try (var low = builder.buildAsyncConsumerClient(); var high = builder.buildAsyncConsumerClient()) {
            var reads = new CompletableFuture<Long>();
            var taken = new CompletableFuture<Throwable>();
            var options = new ReceiveOptions().setOwnerLevel(1L);
            var reading = low.receiveFromPartition("1", EventPosition.earliest(), options)
                    .subscribe(event -> reads.complete(event.getData().getSequenceNumber()), taken::complete);
            reads.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            var higher = new ReceiveOptions().setOwnerLevel(2L);
            var first = high.receiveFromPartition("1", EventPosition.earliest(), higher).blockFirst(PATIENCE);
            System.out.println("owner " + first.getData().getSequenceNumber() + " "
                    + condition(taken.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)));
            reading.dispose();
        }
    }

    static void tellRefusals(EventHubConsumerClient consumer) {
        System.out.println("no partition " + refusal(() -> consumer.getPartitionProperties("99")));
        try (var nobody = builder.consumerGroup("nobody").buildConsumerClient()) {
            System.out.println("no group " + refusal(() -> read(nobody, "1", 1, EventPosition.earliest())));
        }
        try (var other = builder.consumerGroup("other").buildConsumerClient()) {
            System.out.println("other group " + first(other, EventPosition.earliest()));
        }
    }

    /** Sends numbers as one batch. */
    static void send(EventHubProducerClient producer, CreateBatchOptions options, int from, int before) {
        var batch = producer.createBatch(options);
        for (int number = from; number < before; number++) {
            if (!batch.tryAdd(new EventData(Integer.toString(number)))) {
                throw new IllegalStateException("no room for " + number);
            }
        }
        producer.send(batch);
    }

    /** So many events of a partition, or those that came in time. */
    static List<EventData> read(EventHubConsumerClient consumer, String partition, int count, EventPosition from) {
        var events = new ArrayList<EventData>();
        consumer.receiveFromPartition(partition, count, from, PATIENCE).forEach(event -> events.add(event.getData()));
        return events;
    }

    /** The number in the first event of partition 1 from somewhere. */
    static int first(EventHubConsumerClient consumer, EventPosition from) {
        return numbers(read(consumer, "1", 1, from)).get(0);
    }

    static List<Integer> numbers(List<EventData> events) {
        return events.stream().map(event -> Integer.valueOf(event.getBodyAsString())).collect(Collectors.toList());
    }

    static List<Integer> range(int from, int before) {
        return IntStream.range(from, before).boxed().collect(Collectors.toList());
    }

    /** The last sequence number of each partition, by its id. */
    static Map<String, Long> ends(EventHubConsumerClient consumer) {
        return consumer.getPartitionIds().stream().collect(Collectors.toMap(id -> id,
                id -> consumer.getPartitionProperties(id).getLastEnqueuedSequenceNumber()));
    }

    /** The partitions that have got more. */
    static List<String> grown(Map<String, Long> before, Map<String, Long> after) {
        return after.keySet().stream().filter(id -> after.get(id) > before.get(id)).sorted().collect(Collectors.toList());
    }

    static String refusal(Runnable request) {
        try {
            request.run();
            return "none";
        } catch (RuntimeException error) {
            return condition(error);
        }
    }

    /** The condition of AMQP that an error comes from, or what the client makes of it. */
    static String condition(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof AmqpException known) {
                return known.getErrorCondition().getErrorCondition();
            }
        }
        return error.getClass().getSimpleName();
    }
}
