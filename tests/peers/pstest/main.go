// An independent Pub/Sub service for tests: Google's own fake of its Go client, served on loopback, in memory.
//
//	pstest [-port P]
//
// It speaks gRPC alone. Because our client makes topics by REST, a second port takes them from tests:
// POST /topics?name=projects/P/topics/T&subscription=projects/P/subscriptions/S&...[&ordering=true]
// On stderr it says `pstest ADDRESS ready, control CONTROL-ADDRESS`.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
)

func main() {
	port := flag.Int("port", 0, "port of the service; 0 picks a free one")
	flag.Parse()
	server := pstest.NewServerWithPort(*port)
	http.HandleFunc("POST /topics", func(answer http.ResponseWriter, asked *http.Request) {
		if err := create(server, asked); err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
		}
	})
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, "pstest", server.Addr, "ready, control", control.Addr())
	log.Fatal(http.Serve(control, nil))
}

func create(server *pstest.Server, asked *http.Request) error {
	topic := asked.FormValue("name")
	if _, err := server.GServer.CreateTopic(asked.Context(), &pb.Topic{Name: topic}); err != nil {
		return err
	}
	for _, name := range asked.Form["subscription"] {
		_, err := server.GServer.CreateSubscription(asked.Context(), &pb.Subscription{
			Name:                  name,
			Topic:                 topic,
			AckDeadlineSeconds:    60,
			EnableMessageOrdering: asked.FormValue("ordering") == "true",
		})
		if err != nil {
			return err
		}
	}
	return nil
}
