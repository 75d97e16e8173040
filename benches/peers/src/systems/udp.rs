//! No framework: one datagram there, one back, in the clear. What loopback and tokio cost alone.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use tokio::net::UdpSocket;

use super::{Caller, LOOPBACK, Setup, System};
use crate::message::Message;

/// tokio's UDP sockets; one call in flight, nothing repeated if lost.
pub(crate) struct Udp;

impl System for Udp {
    type Client = UdpClient;

    async fn serve(_: &Setup) -> Result<SocketAddr> {
        let socket = UdpSocket::bind(LOOPBACK).await?;
        let address = socket.local_addr()?;
        tokio::spawn(async move {
            let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
            loop {
                if let Ok((length, from)) = socket.recv_from(&mut buffer).await
                    && let Err(error) = socket.send_to(&buffer[..length], from).await
                {
                    eprintln!("the datagram server could not answer: {error}");
                }
            }
        });
        Ok(address)
    }

    async fn connect(server: SocketAddr, _: &Setup) -> Result<UdpClient> {
        let socket = UdpSocket::bind(LOOPBACK).await?;
        socket.connect(server).await?;
        Ok(UdpClient { socket: Arc::new(socket), buffer: vec![0; DATAGRAM_BYTES_MAX] })
    }
}

/// One connected socket.
#[derive(Clone)]
pub(crate) struct UdpClient {
    socket: Arc<UdpSocket>,
    buffer: Vec<u8>,
}

impl Caller for UdpClient {
    async fn echo(&mut self, message: Message) -> Result<Message> {
        let sent = ID_BYTES + message.payload.len();
        ensure!(sent <= self.buffer.len(), "{sent} bytes fit no datagram");
        self.buffer[..ID_BYTES].copy_from_slice(&message.id.to_le_bytes());
        self.buffer[ID_BYTES..sent].copy_from_slice(&message.payload);
        self.socket.send(&self.buffer[..sent]).await?;
        let received = self.socket.recv(&mut self.buffer).await?;
        ensure!(received >= ID_BYTES, "a datagram of {received} bytes");
        let (id, payload) = self.buffer[..received].split_at(ID_BYTES);
        Ok(Message { id: u64::from_le_bytes(id.try_into()?), payload: Bytes::copy_from_slice(payload) })
    }

    async fn compute(&mut self, _: u64) -> Result<()> {
        bail!("the datagram echo computes nothing")
    }
}

const ID_BYTES: usize = 8;
const DATAGRAM_BYTES_MAX: usize = 2_048;
