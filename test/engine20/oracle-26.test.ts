import { describeContainers } from '../conformance/compare-containers.ts';

describeContainers('26');
