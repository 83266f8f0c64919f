//! What the query protocol calls the lists and maps of SQS.

use crate::aws::{Names, Shape};

/// The names.
pub(crate) const NAMES: Names = Names {
    namespace: "http://queue.amazonaws.com/doc/2012-11-05/",
    requests: &[
        ("AWSAccountId", "AWSAccountIds", Shape::List),
        ("ActionName", "Actions", Shape::List),
        ("Attribute", "Attributes", Shape::Map),
        ("AttributeName", "AttributeNames", Shape::List),
        ("BinaryListValue", "BinaryListValues", Shape::List),
        (
            "ChangeMessageVisibilityBatchRequestEntry",
            "Entries",
            Shape::List,
        ),
        ("DeleteMessageBatchRequestEntry", "Entries", Shape::List),
        ("MessageAttribute", "MessageAttributes", Shape::Map),
        ("MessageAttributeName", "MessageAttributeNames", Shape::List),
        (
            "MessageSystemAttribute",
            "MessageSystemAttributes",
            Shape::Map,
        ),
        (
            "MessageSystemAttributeName",
            "MessageSystemAttributeNames",
            Shape::List,
        ),
        ("SendMessageBatchRequestEntry", "Entries", Shape::List),
        ("StringListValue", "StringListValues", Shape::List),
        ("Tag", "Tags", Shape::Tags),
        ("TagKey", "TagKeys", Shape::List),
    ],
    numbers: &[
        "DelaySeconds",
        "MaxNumberOfMessages",
        "MaxNumberOfMessagesPerSecond",
        "MaxResults",
        "VisibilityTimeout",
        "WaitTimeSeconds",
    ],
    results: &[
        ("Attributes", "Attribute", Shape::Map),
        ("Failed", "BatchResultErrorEntry", Shape::List),
        ("MessageAttributes", "MessageAttribute", Shape::Map),
        ("Messages", "Message", Shape::List),
        ("QueueUrls", "QueueUrl", Shape::List),
        ("Results", "ListMessageMoveTasksResultEntry", Shape::List),
        ("Tags", "Tag", Shape::Tags),
        ("queueUrls", "QueueUrl", Shape::List),
    ],
    entries: "Successful",
    void: &[
        "AddPermission",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "DeleteQueue",
        "PurgeQueue",
        "RemovePermission",
        "SetQueueAttributes",
        "TagQueue",
        "UntagQueue",
    ],
};
