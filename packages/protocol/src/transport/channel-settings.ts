import type { ChannelOptions, ServerOptions } from '@grpc/grpc-js';

/** Bytes of a control message: the largest is a key roster of 1024 sites, about 0.3 MiB. */
const maximumMessageBytes = 4 * 1024 * 1024;

/**
 * Bytes in flight before the receiver must answer. At a round trip of 60 ms, HTTP/2's 64 KiB would cap a transfer at
 * about 1 MB/s.
 */
export const FLOW_WINDOW_BYTES: number = 4 * 1024 * 1024;

// A network address translation box that forgets a quiet connection tells neither end, so both ends ping. Never below
// 10 s: proxies answer that with GOAWAY.
export const serverSettings: ServerOptions = {
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.max_concurrent_streams': 16,
  'grpc.max_receive_message_length': maximumMessageBytes,
  'grpc.max_send_message_length': maximumMessageBytes,
};

export const clientSettings: ChannelOptions = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': maximumMessageBytes,
  'grpc.max_send_message_length': maximumMessageBytes,
  'grpc-node.flow_control_window': FLOW_WINDOW_BYTES,
  // Reconnecting is the agent's decision, with its own jitter; the channel must not add minutes to it.
  'grpc.initial_reconnect_backoff_ms': 500,
  'grpc.max_reconnect_backoff_ms': 5_000,
  // Each connection has its own certificate, so nothing is shared with others in this process.
  'grpc.use_local_subchannel_pool': 1,
  // Retries are ours: they resume by offset.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
};
