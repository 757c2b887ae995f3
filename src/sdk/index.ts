export { exporterOfPush } from "./exporter-of.ts";
export { type ProducerOptions, ReceiverMetricProducer } from "./metric-producer.ts";
export { receiverOfProducer } from "./producer-receiver.ts";
