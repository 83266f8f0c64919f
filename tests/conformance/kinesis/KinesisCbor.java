// The AWS SDK for Java 2, which speaks CBOR to Kinesis: java -cp 'JARS/*' KinesisCbor.java ENDPOINT STREAM
//
// Prints one line per fact; test_java.py compares them. Ends with an exception when something is not as it should be.

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.*;

public class KinesisCbor {
    /** The content types of requests and answers that passed. */
    static final Set<String> TYPES = new ConcurrentSkipListSet<>();

    static final class Spy implements ExecutionInterceptor {
        @Override
        public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
            context.httpRequest().firstMatchingHeader("Content-Type").ifPresent(TYPES::add);
        }

        @Override
        public void afterTransmission(Context.AfterTransmission context, ExecutionAttributes attributes) {
            context.httpResponse().firstMatchingHeader("Content-Type").ifPresent(TYPES::add);
        }
    }

    public static void main(String[] arguments) throws Exception {
        URI endpoint = URI.create(arguments[0]);
        String stream = arguments[1];
        var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
        var spied = ClientOverrideConfiguration.builder().addExecutionInterceptor(new Spy()).build();
        try (KinesisClient client = KinesisClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1)
                .credentialsProvider(credentials).overrideConfiguration(spied)
                .httpClientBuilder(UrlConnectionHttpClient.builder()).build()) {
            create(client, stream);
            write(client, stream);
            read(client, stream);
            fail(client, stream);
            subscribe(client, stream, endpoint, credentials);
        }
        System.out.println("types " + String.join(" ", new TreeSet<>(TYPES)));
        System.exit(0); // threads of Netty
    }

    static void create(KinesisClient client, String stream) {
        client.createStream(request -> request.streamName(stream).shardCount(1));
        client.waiter().waitUntilStreamExists(request -> request.streamName(stream));
        StreamDescriptionSummary summary = client.describeStreamSummary(request -> request.streamName(stream))
                .streamDescriptionSummary();
        Duration age = Duration.between(summary.streamCreationTimestamp(), Instant.now()).abs();
        System.out.println("created " + summary.streamStatusAsString() + " " + (age.toSeconds() < 60));
    }

    static void write(KinesisClient client, String stream) {
        List<PutRecordsRequestEntry> entries = new ArrayList<>();
        for (int number = 0; number < 100; number++) {
            byte[] data = new byte[10_000];
            data[0] = (byte) number;
            data[9_999] = (byte) 0xff;
            String key = "ключ-" + number;
            entries.add(PutRecordsRequestEntry.builder().partitionKey(key).data(SdkBytes.fromByteArray(data)).build());
        }
        PutRecordsResponse answer = client.putRecords(request -> request.streamName(stream).records(entries));
        System.out.println("written " + answer.records().size() + " failed " + answer.failedRecordCount());
    }

    static void read(KinesisClient client, String stream) {
        // A time travels as milliseconds in both directions.
        String iterator = client.getShardIterator(request -> request.streamName(stream).shardId("shardId-000000000000")
                .shardIteratorType(ShardIteratorType.AT_TIMESTAMP).timestamp(Instant.now().minusSeconds(60)))
                .shardIterator();
        GetRecordsResponse answer = client.getRecords(request -> request.shardIterator(iterator));
        boolean same = true;
        for (int number = 0; number < answer.records().size(); number++) {
            var record = answer.records().get(number);
            byte[] data = record.data().asByteArray();
            Duration age = Duration.between(record.approximateArrivalTimestamp(), Instant.now()).abs();
            same &= data.length == 10_000 && data[0] == (byte) number && data[9_999] == (byte) 0xff
                    && record.partitionKey().equals("ключ-" + number) && age.toSeconds() < 60;
        }
        System.out.println("read " + answer.records().size() + " same " + same + " behind " + answer.millisBehindLatest());
    }

    static void fail(KinesisClient client, String stream) {
        try {
            client.describeStream(request -> request.streamName(stream + "-none"));
        } catch (ResourceNotFoundException error) {
            System.out.println("refused " + error.awsErrorDetails().errorCode() + " " + error.statusCode());
        }
        try {
            client.createStream(request -> request.streamName("a b").shardCount(1));
        } catch (KinesisException error) {
            // Which of the two is not documented.
            boolean known = Set.of("ValidationException", "InvalidArgumentException")
                    .contains(error.awsErrorDetails().errorCode());
            System.out.println("refused " + known + " " + error.statusCode());
        }
    }

    /** Enhanced fan-out, over HTTP/2. */
    static void subscribe(KinesisClient client, String stream, URI endpoint, StaticCredentialsProvider credentials)
            throws Exception {
        String arn = client.describeStream(request -> request.streamName(stream)).streamDescription().streamARN();
        String consumer = client.registerStreamConsumer(request -> request.streamARN(arn).consumerName("java"))
                .consumer().consumerARN();
        while (client.describeStreamConsumer(request -> request.consumerARN(consumer)).consumerDescription()
                .consumerStatus() != ConsumerStatus.ACTIVE) {
            Thread.sleep(50);
        }
        var found = new CopyOnWriteArrayList<String>();
        var enough = new CompletableFuture<Void>();
        var handler = SubscribeToShardResponseHandler.builder()
                .onError(enough::completeExceptionally)
                .subscriber(event -> ((SubscribeToShardEvent) event).records().forEach(record -> {
                    found.add(record.partitionKey());
                    if (found.size() == 101) {
                        enough.complete(null);
                    }
                })).build();
        try (KinesisAsyncClient async = KinesisAsyncClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1)
                .credentialsProvider(credentials).build()) {
            async.subscribeToShard(request -> request.consumerARN(consumer).shardId("shardId-000000000000")
                    .startingPosition(start -> start.type(ShardIteratorType.TRIM_HORIZON)), handler);
            async.putRecord(request -> request.streamName(stream).partitionKey("pushed")
                    .data(SdkBytes.fromUtf8String("x"))).get(20, TimeUnit.SECONDS);
            enough.get(20, TimeUnit.SECONDS);
        }
        System.out.println("pushed " + found.size() + " last " + found.get(found.size() - 1));
    }
}
