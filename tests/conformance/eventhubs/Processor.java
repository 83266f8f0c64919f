// The event processor of Microsoft's client for Java: java -cp 'JARS/*' Processor.java CONNECTION_STRING HUB
//
// The hub has four partitions and no events. Prints one line per fact; test_java.py compares them. Ends with an exception when
// something is not as it should be.

import com.azure.messaging.eventhubs.*;
import com.azure.messaging.eventhubs.models.*;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

public class Processor {
    static final Duration PATIENCE = Duration.ofSeconds(90);

    /** Checkpoints and owners in memory; who claims needs the newest tag, as with blobs. */
    static final class Memory implements CheckpointStore {
        final Map<String, PartitionOwnership> owners = new ConcurrentHashMap<>();
        final Map<String, Checkpoint> checkpoints = new ConcurrentHashMap<>();

        @Override
        public Flux<PartitionOwnership> listOwnership(String namespace, String hub, String group) {
            return Flux.fromIterable(owners.values());
        }

        @Override
        public Flux<PartitionOwnership> claimOwnership(List<PartitionOwnership> wanted) {
            return Flux.fromStream(wanted.stream().filter(this::claim));
        }

        private boolean claim(PartitionOwnership wanted) {
            var tag = wanted.getETag();
            var now = owners.compute(wanted.getPartitionId(), (id, known) -> {
                boolean free = known == null || known.getETag().equals(tag);
                return free ? wanted.setETag(UUID.randomUUID().toString()).setLastModifiedTime(System.currentTimeMillis()) : known;
            });
            return now == wanted;
        }

        @Override
        public Flux<Checkpoint> listCheckpoints(String namespace, String hub, String group) {
            return Flux.fromIterable(checkpoints.values());
        }

        @Override
        public Mono<Void> updateCheckpoint(Checkpoint checkpoint) {
            return Mono.fromRunnable(() -> checkpoints.put(checkpoint.getPartitionId(), checkpoint));
        }

        /** How many partitions each owner has, the empty owner of what was given back left out. */
        Map<String, Long> shares() {
            return owners.values().stream().map(PartitionOwnership::getOwnerId).filter(owner -> owner != null && !owner.isEmpty())
                    .collect(Collectors.groupingBy(owner -> owner, TreeMap::new, Collectors.counting()));
        }
    }

    static final Memory STORE = new Memory();
    static final Queue<Integer> SEEN = new ConcurrentLinkedQueue<>();
    static String connection;
    static String hub;

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
        connection = arguments[0];
        hub = arguments[1];
        send(0, 40);
        var one = processor();
        one.start();
        await(() -> SEEN.size() >= 40 && STORE.checkpoints.size() == 4);
        System.out.println("all seen " + new TreeSet<>(SEEN).equals(range(0, 40)) + " checkpoints " + STORE.checkpoints.size());
        one.stop();

        SEEN.clear();
        send(40, 80);
        one = processor();
        one.start();
        await(() -> SEEN.size() >= 40);
        System.out.println("continued " + new TreeSet<>(SEEN).equals(range(40, 80)) + " times " + SEEN.size());

        var two = processor();
        two.start();
        await(() -> STORE.shares().size() == 2 && STORE.shares().values().stream().allMatch(share -> share == 2));
        System.out.println("shares " + STORE.shares().values());
        SEEN.clear();
        send(80, 120);
        await(() -> new TreeSet<>(SEEN).containsAll(range(80, 120)));
        System.out.println("shared true");
        one.stop();
        two.stop();
    }

    static EventProcessorClient processor() {
        return new EventProcessorClientBuilder()
                .connectionString(connection, hub)
                .consumerGroup(EventHubClientBuilder.DEFAULT_CONSUMER_GROUP_NAME)
                .checkpointStore(STORE)
                .loadBalancingStrategy(LoadBalancingStrategy.GREEDY)
                .loadBalancingUpdateInterval(Duration.ofSeconds(1))
                .partitionOwnershipExpirationInterval(Duration.ofSeconds(30))
                .initialPartitionEventPosition(id -> EventPosition.earliest())
                .processEvent(context -> {
                    // The checkpoint first: what was counted must not come again.
                    context.updateCheckpoint();
                    SEEN.add(Integer.valueOf(context.getEventData().getBodyAsString()));
                })
                .processError(context -> System.err.println(context.getThrowable()))
                .buildEventProcessorClient();
    }

    /** Sends numbers, one partition after the other. */
    static void send(int from, int before) {
        try (var producer = new EventHubClientBuilder().connectionString(connection, hub).buildProducerClient()) {
            for (int partition = 0; partition < 4; partition++) {
                var batch = producer.createBatch(new CreateBatchOptions().setPartitionId(Integer.toString(partition)));
                for (int number = from + partition; number < before; number += 4) {
                    batch.tryAdd(new EventData(Integer.toString(number)));
                }
                producer.send(batch);
            }
        }
    }

    static TreeSet<Integer> range(int from, int before) {
        return java.util.stream.IntStream.range(from, before).boxed().collect(Collectors.toCollection(TreeSet::new));
    }

    static void await(BooleanSupplier condition) throws InterruptedException {
        var deadline = Instant.now().plus(PATIENCE);
        while (!condition.getAsBoolean()) {
            if (Instant.now().isAfter(deadline)) {
                throw new IllegalStateException("not in time: seen " + SEEN.size() + ", shares " + STORE.shares());
            }
            Thread.sleep(20);
        }
    }
}
