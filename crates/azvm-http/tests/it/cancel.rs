//! What is left when a caller loses interest.

use crate::fixture::{PATIENT, client, listen, read_request, wait_for_close};
use azvm_exchange::Request;
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;

#[tokio::test]
async fn a_cancelled_send_leaves_neither_socket_nor_task() {
    for start in ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbo"] {
        let (listener, origin) = listen().await;
        let tasks = || Handle::current().metrics().num_alive_tasks();
        let (client, request) = (client(), Request::get("/".into()));
        let tasks_before = tasks();
        let mut stream = {
            let server = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                read_request(&mut stream).await;
                stream.write_all(start.as_bytes()).await.unwrap();
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                stream
            };
            tokio::select! {
                stream = server => stream,
                result = client.send(&origin, &request, PATIENT) => panic!("{result:?}"),
            }
        };
        assert_eq!(tasks(), tasks_before);
        // This would hang were the socket still open.
        tokio::time::timeout(PATIENT, wait_for_close(&mut stream))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_finished_send_leaves_neither_socket_nor_task() {
    let (listener, origin) = listen().await;
    let (client, request) = (client(), Request::get("/".into()));
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        stream
    };
    let (stream, result) = tokio::join!(server, client.send(&origin, &request, PATIENT));
    result.unwrap();
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    tokio::time::timeout(PATIENT, wait_for_close(stream))
        .await
        .unwrap();
}
